import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rnas.experiments.comparison.run import Comparison
from tests.rnas.cli.conftest import Result
from tests.rnas.experiments.comparison.records import settings, small


def options(folder: Path, *words: object) -> list[object]:
    """A comparison of seconds."""
    networks = [small(folder), small(folder, "deeper", depths=[2, 2])]
    training = ["--data", "digits", "--recipe", "short-sat", "--epochs", 1, "--images", 64, "--attacks", "pgd20"]
    training += ["--attacked-images", 40]
    return ["compare", *networks, "--flops", "600K", "--seeds", 2, *training, *words]


def test_what_cannot_be_run_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    kept = Comparison.create(settings(tmp_path), tmp_path / "comparison").path
    planned = Comparison.create(settings(tmp_path, until_decided=4), tmp_path / "planned").path
    network = small(tmp_path)
    digits = ["--data", "digits", "--flops", "2M"]
    for words, message in (
        (["compare", network], "Missing option '--flops'"),
        (["compare", network, "resnet-18", "--output", kept, *digits], f"resume it with rnas resume {kept}"),
        (["compare", network, *digits], "at least two networks"),
        (["compare", network, "no-such", *digits], "unknown network 'no-such'"),
        (["compare", network, "resnet-18", "--data", "digits", "--flops", "600K"], "; all networks fit --flops "),
        (["compare", network, "resnet-18", "--tolerance", "2", *digits], "2 is not a share between 0 and 1"),
        (["compare", network, "resnet-18", "--attacks", "fog", *digits], "unknown attack 'fog'"),
        (["compare", network, "resnet-18", "--images", 9999, *digits], "images.train asks for 9999"),
        (["compare", network, "resnet-18", "--until-decided", 3, *digits], "give more than the 3 seeds that all have"),
        (["compare", network, "resnet-18", "--tune-epochs", 3, *digits], "such as --tune 8"),
        (["compare", network, "resnet-18", "--tune", 1, *digits], "Invalid value for '--tune'"),
        (["resume", kept, "--seeds", 1], "has 2 already; give 2 or more"),
        (["resume", kept, "--budget", 3], "and only seeds can grow"),
        (["resume", planned, "--seeds", 3], "leave seeds out"),
    ):
        result = command(*words)
        assert result.code == 2, (words, result)
        assert message in result.err, (words, result)
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_dry_run_shows_networks_and_cost(command: Callable[..., Result], tmp_path: Path) -> None:
    more = ("--tune", 3, "--tune-epochs", 2, "--until-decided", 5)
    shown = command(*options(tmp_path, *more, "--dry-run", "--json"))
    assert shown.code == 0, shown.err
    content = json.loads(shown.out)
    work = {one["label"]: one for one in content["work"]}
    assert list(work) == ["small", "tuning of small", "deeper", "tuning of deeper"]
    assert [one["count"] for one in work.values()] == [2, 3, 2, 3]
    assert all(abs(one["details"]["flops"] / 600_000 - 1) <= 0.05 for one in work.values())
    assert content["seconds"] == pytest.approx(
        sum(one["count"] * one["seconds"] for one in work.values()) / content["slots"]
    )


@pytest.mark.slow
def test_a_comparison_is_tuned_trained_tested_and_extended(command: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "comparison"
    first = command(*options(tmp_path, "--tune", 2, "--unseen", "--workers", 0, "--output", folder, "--json"))
    assert first.code == 0, first.err
    assert len(re.findall(r"/4  \w{12}  seed [01]  .*% robust", first.err)) == 4
    content = json.loads(first.out)
    assert json.loads((folder / "result.json").read_text()) == content
    for name in ("report.html", "table.md", "table.tex", "table.csv"):
        assert (folder / name).stat().st_size > 300
    assert all(set(one["tuned"]["parameters"]) == {"learning_rate", "weight_decay"} for one in content["networks"])
    columns = [column["attack"] for column in content["columns"] if column["checkpoint"] == "best"]
    assert [column.partition(":")[0] for column in columns] == [
        "clean",
        "linf",
        "l2",
        "l1",
        "corruptions",
        "worst case",
    ]
    assert 0 < content["tuning"]["seconds"] < content["seconds"]
    extended = command("resume", folder, "--seeds", 3, "--workers", 0)
    assert extended.err.count("seed 2") == 2
    assert "The smallest gap that such a comparison detects" in extended.out
