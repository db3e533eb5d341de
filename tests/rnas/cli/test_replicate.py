import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rnas import registry
from tests.rnas.cli.conftest import Result

WORDS = ["replicate", "robust-wrn-scaling", "--base-channels", "2,4,8", "--epochs", 1, "--images", 64, "--seeds", 2]


def test_replications_are_listed(command: Callable[..., Result]) -> None:
    listed = json.loads(command("replicate", "--list", "--json").out)
    assert list(listed) == registry.names(registry.REPLICATIONS)
    assert "figure 3" in listed["block-topology"]["section"]
    assert "block-topology" in command("replicate").out


def test_what_cannot_be_run_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    for words, message in (
        (["no-such"], "unknown replication 'no-such'; known: activations"),
        (["block-topology", "--output", tmp_path], f"{tmp_path} exists already: choose another output"),
        (["block-topology", "--cells", 10], "compares all its 21 cells with each other; leave cells out"),
        (["block-topology", "--capacity", "vast"], "capacity: input should be 'small' or 'paper', not 'vast'"),
        (["block-topology", "--base-channels", "4;8"], "base_channels.0: input should be a valid integer"),
        (["block-topology", "--images", 5000], "fidelity.images asks for 5000 images"),
        (["block-topology", "--recipe", "rst"], "needs extra data"),
    ):
        result = command("replicate", *words)
        assert result.code == 2, (words, result)
        assert message in result.err
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_replication_is_trained_judged_and_extended(command: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "replication"
    first = command(*WORDS, "--workers", 0, "--output", folder, "--json")
    assert first.code == 0, first.err
    replication = json.loads(first.out)
    assert json.loads((folder / "result.json").read_text()) == replication
    assert first.err.count("seed") == replication["trainings"] == 12
    assert replication["verdict"] in ("supported", "contradicted", "not decided by these data")
    assert (folder / "report.html").stat().st_size > 1_000_000
    again = command("resume", folder, "--seeds", 3)
    assert again.err.count("seed 2") == 6
    assert "seed 0" not in again.err
    assert "5 claims" in again.out
    extended = json.loads((folder / "result.json").read_text())
    metric = "test_robust_accuracy"
    for before, after in zip(replication["cells"], extended["cells"], strict=True):
        assert after["scores"][metric][:2] == before["scores"][metric]
    assert "has 3 already" in command("resume", folder, "--seeds", 1).err


@pytest.mark.slow
def test_a_design_has_a_cost_estimate(command: Callable[..., Result]) -> None:
    estimate = json.loads(command(*WORDS, "--dry-run", "--json").out)
    assert [one["count"] for one in estimate["work"]] == [2] * 6
    assert all(one["seconds"] > 0 for one in estimate["work"])
