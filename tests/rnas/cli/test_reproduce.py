"""``rnas reproduce``."""

import json
import logging
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import rnas
from rnas.experiments.reproduction._check import compared
from rnas.experiments.reproduction.judgement import judged, seed_spread_of
from rnas.experiments.reproduction.reproduce import Reproduction
from rnas.nas.result import SearchResult
from rnas.report._reproduction import blocks
from rnas.report._terminal import print_blocks
from tests.rnas.cli.conftest import Result
from tests.rnas.experiments.reproduction.records import FUNCTION, change
from tests.rnas.experiments.training.trainings import trained

Command = Callable[..., Result]


@pytest.fixture
def run(finished_run: SearchResult, tmp_path: Path) -> Path:
    """A copy of a run of a function's scores."""
    assert finished_run.path is not None
    shutil.copytree(finished_run.path, tmp_path / "run")
    return tmp_path / "run"


def test_what_is_reproduced_ends_with_0(
    command: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As outside of a test, nobody listens to what is logged.
    monkeypatch.setattr(logging.root, "handlers", [])
    done = command("reproduce", f"{run}:knee", "-o", tmp_path / "reproduction.json")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "Reproduced exactly."
    assert "score" in done.out
    assert "1 evaluation from scratch, with seed 0" in done.err
    key = json.loads((tmp_path / "reproduction.json").read_text())["key"]
    assert done.err.splitlines()[0].startswith(f"no knee on the front of {run}: took its best score: {key}, score ")
    assert json.loads((tmp_path / "reproduction.json").read_text())["status"] == "reproduced exactly"


def test_what_is_not_reproduced_ends_with_1(command: Command, run: Path) -> None:
    change(run, lambda content: content["metrics"].update(score=content["metrics"]["score"] + 1))
    done = command("reproduce", f"{run}:knee")
    assert done.code == 1
    assert done.out.splitlines()[-1] == "Not reproduced."
    again = command("reproduce", f"{run}:knee", "--json")
    content = json.loads(again.out)
    assert again.code == 1
    assert content["reproduced"] is False
    assert [(metric["name"], metric["status"]) for metric in content["metrics"]] == [("score", "not reproduced")]


def test_what_was_changed_is_told_and_not_evaluated(command: Command, run: Path) -> None:
    change(run, lambda content: content["metrics"].update(flops=1.0))
    done = command("reproduce", f"{run}:knee")
    assert done.code == 1
    assert "differs" in done.out
    assert "not evaluated" in done.out
    assert "Nothing was evaluated, since these are not as recorded: flops." in done.out
    assert done.err == ""


def test_attack_epsilon_images_seed_and_recipe_stand_beside_the_numbers(command: Command, tmp_path: Path) -> None:
    training = trained(tmp_path / "training").path
    done = command("reproduce", training)
    assert done.code == 0, done.err
    words = " ".join(done.out.split())
    for told in (
        "fgsm",
        "linf, epsilon 3/20",
        "60 of the test split",
        "recipe sat (",
        "seed 0",
        "Wilson, as if images were drawn anew",
        "98.33 % each, for 95 % of all 3 metrics together",
    ):
        assert told in words
    assert "is attacked again, on cpu" in done.err


def test_what_could_not_be_evaluated_is_one_line_and_no_status(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rnas.search(FUNCTION, output=tmp_path / "run")
    monkeypatch.setenv("FAILING", "7:memory")
    done = command("reproduce", f"{tmp_path / 'run'}:knee")
    assert (done.code, done.out) == (1, "")
    last = done.err.splitlines()[-1]
    assert last.startswith(f"rnas: {tmp_path / 'run'}:knee could not be evaluated")
    assert "seed 7: out-of-memory" in last


def test_names_are_printed_as_they_are() -> None:
    name = "[/red] share [bold]"
    metric = judged(
        name, 0.5, 0.4, equal=False, interval=None, seed_spread=seed_spread_of(0.5, [0.3, 0.4], (0, 1), resolution=0)
    )
    checks = (compared(name, "a", "a"),)
    console = Console(width=200, record=True, file=StringIO())
    reproduction = Reproduction("result", "key", "scratch", {}, checks, (metric,), 0.05, (1, 2), (), metric.status)
    print_blocks(console, blocks(reproduction))
    assert console.export_text().count(name) == 3


@pytest.mark.slow
def test_luck_stands_in_a_table_of_its_own(command: Command, tmp_path: Path) -> None:
    training = trained(tmp_path / "training").path
    lucky = command("reproduce", training / "last.safetensors", "--seeds", 2)
    assert lucky.code == 0, lucky.err
    assert "Among trainings with seeds 1, 2" in " ".join(lucky.out.split())
    assert "training 3 of 3 from scratch, seed 2" in lucky.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "memory"], "unknown --from 'memory'; known: checkpoint, scratch"),
        (["--device", "tpu"], "unknown --device 'tpu'; known: auto, cpu, cuda"),
        (["--from", "checkpoint"], "its weights are not there; train the network again with --from scratch"),
        (["--seeds", "1"], "1 seed: the variation between trainings takes at least 2 further seeds, or none"),
    ],
)
def test_bad_input_is_one_line(command: Command, run: Path, words: list[str], message: str) -> None:
    done = command("reproduce", f"{run}:knee", *words)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.endswith(message)
