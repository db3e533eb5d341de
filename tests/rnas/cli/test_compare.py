import json
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rnas.experiments.comparison.directory import ComparisonDirectory
from tests.rnas.cli.conftest import Result
from tests.rnas.cli.test_kill_and_resume import PROGRAM
from tests.rnas.experiments.comparison.records import settings, small


def options(folder: Path, *words: object) -> list[object]:
    """A comparison of seconds."""
    networks = [small(folder), small(folder, "deeper", depths=[2, 2])]
    training = ["--data", "digits", "--recipe", "short-sat", "--epochs", 1, "--images", 64, "--attacks", "pgd20"]
    training += ["--attacked-images", 40]
    return ["compare", *networks, "--flops", "600K", "--seeds", 2, *training, *words]


def test_what_cannot_be_run_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    kept = ComparisonDirectory.create(tmp_path / "comparison", settings(tmp_path)).path
    search = tmp_path / "search"
    search.mkdir()
    (search / "config.yaml").touch()
    network = small(tmp_path)
    digits = ["--data", "digits", "--flops", "2M"]
    for words, message in (
        (["compare", network], "say how large the networks are to be, such as --flops 5G"),
        (["compare", "--output", kept, "--epochs", 3], "leave --epochs out"),
        (["compare", "--output", kept, "--seeds", 1], "Invalid value for '--seeds'"),
        (["compare", network, "resnet-18", "--output", kept, *digits], "resume with: rnas compare --output"),
        (["compare", network, "resnet-18", "--output", tmp_path, *digits], f"{tmp_path} exists already"),
        (["compare", "--output", search, "--seeds", 3], f"{search} is a search, not a comparison"),
        (["compare", network, *digits], "at least two networks"),
        (["compare", network, "no-such", *digits], "unknown network 'no-such'"),
        (["compare", network, "resnet-18", "--attacks", "fog", *digits], "unknown attack 'fog'"),
        (["compare", network, "resnet-18", "--images", 9999, *digits], "images.train asks for 9999"),
        (["compare", network, "resnet-18", "--until-decided", 3, *digits], "give more than the 3 seeds that all have"),
        (["compare", network, "resnet-18", "--tune-epochs", 3, *digits], "such as --tune 8"),
        (["compare", network, "resnet-18", "--tune", 1, *digits], "Invalid value for '--tune'"),
        (["compare", "--output", kept, "--tune", 3], "leave --tune out"),
    ):
        result = command(*words)
        assert result.code == 2, (words, result)
        assert message in result.err, (words, result)
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_dry_run_shows_networks_and_cost_estimate(command: Callable[..., Result], tmp_path: Path) -> None:
    more = ("--tune", 3, "--tune-epochs", 2, "--until-decided", 5)
    shown = command(*options(tmp_path, *more, "--dry-run", "--json"))
    assert shown.code == 0, shown.err
    content = json.loads(shown.out)
    assert (content["trainings"], [one["name"] for one in content["networks"]]) == (4, ["small", "deeper"])
    assert all(abs(one["deviation"]) <= 0.05 for one in content["networks"])
    assert (content["tuning_trials"], content["most_trainings"]) == (6, 10)
    tuning, training = (sum(one[key] for one in content["networks"]) for key in ("tuning_seconds", "seconds"))
    assert tuning > 0
    assert training > 0
    hours = [(tuning + seeds * training) / content["at_once"] / 3600 for seeds in (2, 5)]
    assert [content["hours"], content["most_hours"]] == pytest.approx(hours)


@pytest.mark.slow
def test_killed_it_goes_on_to_the_same_numbers(command: Callable[..., Result], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = options(tmp_path, "--workers", 0, "--output")
    first = command(*words, whole, "--json")
    assert first.code == 0, first.err
    assert first.err.count("seed") == 4
    for name in ("comparison.html", "comparison.md", "comparison.tex", "comparison.csv", "comparison.json"):
        assert (whole / name).stat().st_size > 300
    kill_after("seed", [*words, killed])
    again = command("compare", "--output", killed, "--workers", 0, "--json")
    assert again.code == 0, again.err
    assert again.err.count("seed") == 3
    expected, found = json.loads(first.out), json.loads(again.out)
    assert found["columns"] == expected["columns"]
    extended = command("compare", "--output", killed, "--seeds", 3, "--workers", 0)
    assert extended.err.count("seed 2") == 2
    assert "The smallest gap that such a comparison detects" in extended.out


@pytest.mark.slow
def test_killed_while_tuning_and_while_training_it_goes_on_to_the_same_numbers(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = options(tmp_path, "--tune", 2, "--until-decided", 3, "--workers", 0, "--output")
    first = command(*words, whole, "--json")
    assert first.code == 0, first.err
    assert first.err.count("trial 1") == 2
    expected = json.loads(first.out)
    assert all(set(one["tuned"]["parameters"]) == {"learning_rate", "weight_decay"} for one in expected["networks"])
    assert 0 < expected["tuning"]["seconds"] < expected["seconds"]
    for begun, line in ((words, "trial 0"), (["compare", "--workers", 0, "--output"], "seed 0")):
        kill_after(line, [*begun, killed])
    again = command("compare", "--output", killed, "--workers", 0, "--json")
    assert again.code == 0, again.err
    assert "trial" not in again.err
    found = json.loads(again.out)
    assert found["columns"] == expected["columns"]
    for key in ("key", "seeds", "best_epochs", "statuses"):
        assert [one[key] for one in found["networks"]] == [one[key] for one in expected["networks"]]
    assert [o["tuned"]["parameters"] for o in found["networks"]] == [
        o["tuned"]["parameters"] for o in expected["networks"]
    ]
    refused = command("compare", "--output", killed, "--seeds", 3)
    assert (refused.code, "leave --seeds out" in refused.err) == (2, True)


def kill_after(text: str, words: Sequence[object]) -> None:
    """Run a command until it writes a line with a text, and kill it there."""
    with subprocess.Popen([*PROGRAM, *map(str, words)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if text in line:
                process.send_signal(signal.SIGKILL)
                return
        raise AssertionError(f"it ended before {text!r}")
