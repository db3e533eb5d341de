import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnas import registry
from tests.rnas.cli.conftest import Result
from tests.rnas.cli.test_kill_and_resume import PROGRAM, wait_until_gone

REPLICATION = [
    "replicate",
    "robust-wrn-scaling",
    "--base-channels",
    "2,4,8",
    "--epochs",
    1,
    "--images",
    64,
    "--seeds",
    2,
]


def essence(replication: dict[str, Any]) -> dict[str, Any]:
    """All of a replication but its seconds."""
    return {name: value for name, value in replication.items() if name != "seconds"}


def test_replications_are_listed(command: Callable[..., Result]) -> None:
    listed = json.loads(command("replicate", "--list", "--json").out)
    assert list(listed) == registry.names(registry.REPLICATIONS)
    assert "figure 3" in listed["block-topology"]["section"]
    assert "block-topology" in command("replicate").out


def test_what_cannot_be_run_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    for words, message in (
        (["replicate", "no-such"], "unknown replication 'no-such'; known: activations"),
        (["replicate", "--run", tmp_path], f"{tmp_path} is no replication to go on with; name one to begin"),
        (["replicate", "--run", tmp_path, "--eps", "8/255"], "leave --eps out, or name a new replication"),
        (["replicate", "block-topology", "--run", tmp_path], f"{tmp_path} exists already: choose another --run"),
        (["replicate", "block-topology", "--cells", 10], "compares all its 21 cells with each other; leave cells out"),
        (
            ["replicate", "block-topology", "--capacity", "vast"],
            "capacity: input should be 'small' or 'paper', not 'vast'",
        ),
        (["replicate", "block-topology", "--base-channels", "4;8"], "write three whole numbers, such as 4,8,16"),
        (["replicate", "block-topology", "--images", 5000], "fidelity.images asks for 5000 images"),
        (["replicate", "block-topology", "--recipe", "rst"], "needs extra data"),
    ):
        result = command(*words)
        assert result.code == 2, (words, result)
        assert message in result.err
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_replication_is_trained_judged_and_extended(command: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "replication"
    first = command(*REPLICATION, "--workers", 0, "--run", folder, "--json")
    assert first.code == 0, first.err
    replication = json.loads(first.out)
    assert json.loads((folder / "replication.json").read_text()) == replication
    assert first.err.count("seed") == replication["trainings"] == 12
    assert replication["verdict"] in ("supported", "contradicted", "not decided by these data")
    assert (folder / "replication.html").stat().st_size > 1_000_000
    again = command("replicate", "--run", folder, "--seeds", 3)
    assert again.err.count("seed 2") == 6
    assert "seed 0" not in again.err
    assert "5 claims" in again.out
    extended = json.loads((folder / "replication.json").read_text())
    metric = "final_robust_accuracy"
    for before, after in zip(replication["cells"], extended["cells"], strict=True):
        assert after["scores"][metric][:2] == before["scores"][metric]
    assert "cannot have 1" in command("replicate", "--run", folder, "--seeds", 1).err


@pytest.mark.slow
def test_a_design_has_a_bill(command: Callable[..., Result]) -> None:
    bill = json.loads(command(*REPLICATION, "--dry-run", "--json").out)
    assert (bill["trainings"], len(bill["cells"])) == (12, 6)
    assert all(cell["seconds"] > 0 for cell in bill["cells"])


@pytest.mark.slow
def test_killed_and_resumed_it_is_the_uninterrupted_study(tmp_path: Path) -> None:
    words = [*map(str, REPLICATION), "--workers", "1"]
    subprocess.run([*PROGRAM, *words, "--run", tmp_path / "whole"], check=True, capture_output=True)
    killed = tmp_path / "killed"
    resume = ["replicate", "--run", str(killed), "--workers", "1"]
    for number, command in enumerate(([*words, "--run", str(killed)], resume)):
        driver = subprocess.Popen(
            [*PROGRAM, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        for _ in range(2 + number):
            assert driver.stderr.readline()
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        driver.stderr.close()
        assert wait_until_gone(driver.pid) == []
        assert not (killed / "replication.json").exists()
    subprocess.run([*PROGRAM, *resume], check=True, capture_output=True)
    whole, resumed = (json.loads((folder / "replication.json").read_text()) for folder in (tmp_path / "whole", killed))
    assert essence(resumed) == essence(whole)
