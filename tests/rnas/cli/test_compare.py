import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rnas.comparison.directory import ComparisonDirectory
from tests.rnas.cli.conftest import Result
from tests.rnas.cli.test_kill_and_resume import PROGRAM
from tests.rnas.comparison.records import settings, small


def options(folder: Path, *words: object) -> list[object]:
    """A comparison of seconds."""
    networks = [small(folder), small(folder, "deeper", depths=[2, 2])]
    training = ["--data", "digits", "--recipe", "short-sat", "--epochs", 1, "--images", 64, "--attacks", "pgd20"]
    return ["compare", *networks, "--flops", "600K", "--seeds", 2, *training, *words]


def test_what_cannot_be_run_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    kept = ComparisonDirectory.create(tmp_path / "comparison", settings(tmp_path)).path
    network = small(tmp_path)
    digits = ["--data", "digits", "--flops", "2M"]
    for words, message in (
        (["compare", network], "say how large the networks are to be, such as --flops 5G"),
        (["compare", "--run", kept, "--epochs", 3], "leave --epochs out"),
        (["compare", "--run", kept, "--seeds", 1], "Invalid value for '--seeds'"),
        (["compare", network, "resnet-18", "--run", kept, *digits], "go on with: rnas compare --run"),
        (["compare", network, "resnet-18", "--run", tmp_path, *digits], f"{tmp_path} exists already"),
        (["compare", network, *digits], "at least two networks"),
        (["compare", network, "no-such", *digits], "unknown network 'no-such'"),
        (["compare", network, "resnet-18", "--attacks", "fog", *digits], "unknown attack 'fog'"),
        (["compare", network, "resnet-18", "--images", 9999, *digits], "images.training asks for 9999"),
    ):
        result = command(*words)
        assert result.code == 2, (words, result)
        assert message in result.err, (words, result)
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_dry_run_shows_networks_and_bill(command: Callable[..., Result], tmp_path: Path) -> None:
    shown = command(*options(tmp_path, "--dry-run", "--json"))
    assert shown.code == 0, shown.err
    content = json.loads(shown.out)
    assert (content["trainings"], [one["name"] for one in content["networks"]]) == (4, ["small", "deeper"])
    assert all(abs(one["deviation"]) <= 0.05 for one in content["networks"])
    assert content["hours"] > 0


@pytest.mark.slow
def test_killed_it_goes_on_to_the_same_numbers(command: Callable[..., Result], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = options(tmp_path, "--workers", 0, "--run")
    first = command(*words, whole, "--json")
    assert first.code == 0, first.err
    assert first.err.count("seed") == 4
    for name in ("comparison.html", "comparison.md", "comparison.tex", "comparison.csv", "comparison.json"):
        assert (whole / name).stat().st_size > 300
    with subprocess.Popen([*PROGRAM, *map(str, words), str(killed)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGKILL)
    again = command("compare", "--run", killed, "--workers", 0, "--json")
    assert again.code == 0, again.err
    assert again.err.count("seed") == 3
    expected, found = json.loads(first.out), json.loads(again.out)
    assert found["columns"] == expected["columns"]
    extended = command("compare", "--run", killed, "--seeds", 3, "--workers", 0)
    assert extended.err.count("seed 2") == 2
    assert "The smallest gap that such a comparison finds" in extended.out
