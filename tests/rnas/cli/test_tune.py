"""``rnas tune`` and ``rnas resume`` of a tuning, as their user runs them."""

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.networks import architecture as arch
from rnas.training.recipe import Recipe
from tests.launcher import COMMAND, Program, run
from tests.rnas.cli.test_train import Command, done, refusal
from tests.rnas.experiments.training.trainings import NETWORK, timeless

DATA = ("--data", "digits", "--device", "cpu", "--set", "evaluation.steps=1", "--set", "recipe.inner_attack.steps=1")
SHORT = (
    *("tune", "net.json", "--recipe", "sat", *DATA, "--epochs", 2, "--batch-size", 40, "--images", 120),
    *("--set", "images.val=40", "--trials", 3),
)
RUN = Path("runs/tune-net-sat-1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a small network in it."""
    monkeypatch.chdir(tmp_path)
    Path("net.json").write_text(json.dumps(arch.to_dict(NETWORK)))
    return tmp_path


def test_what_people_read_and_go_on_with(command: Command, folder: Path) -> None:
    words = ("--space", "learning_rate=0.05:0.5:log", "--space", "nesterov=true,false")
    result = command(*SHORT, *words, "--pruner", "none")
    out, lines = done(result), result.err.splitlines()
    assert lines[0].startswith(f"{RUN}: net.json by recipe sat, 3 trials of 2 epochs on cpu, sampler tpe, pruner none")
    assert lines[1] == "tuned: learning_rate in 0.05:0.5:log, nesterov in true,false"
    assert "never by test images" in lines[2]
    assert lines[3].startswith("0/3  trial 0: ")
    ended = lines[4:]
    assert [line.split("  ")[0] for line in ended] == ["1/3", "2/3", "3/3"]
    assert "trial 0  learning_rate 0.1  nesterov false" in ended[0]
    assert "best " in ended[0]
    assert "left" in ended[0]
    assert "left" not in ended[2]
    rows = [line.split() for line in out.splitlines() if line.split()[:1] in (["0"], ["1"], ["2"])]
    assert len(rows) == 3
    assert rows[0][1:3] == ["0.1", "false"]
    assert "the recipe as it is" in out
    assert "40 val images, epsilon 3/20" in out
    found = yaml.safe_load(out[out.index("recipe:\n") :])["recipe"]
    assert found == yaml.safe_load((RUN / "recipe.yaml").read_text())
    assert f"rnas train net.json --recipe {RUN}/recipe.yaml --data digits --epochs 2" in out

    train = ("train", "net.json", "--recipe", RUN / "recipe.yaml", "--data", "digits", "--epochs", 1, "--device", "cpu")
    short = ("--images", 40, "--attacks", "fgsm", "--set", "evaluation.steps=1", "--set", "images.test=40")
    summary = json.loads(done(command(*train, *short, "--json")))
    assert Recipe.resolve(summary["settings"]["recipe"]) == Recipe.resolve(found)

    result = command("resume", RUN, "--trials", 4, "--json")
    summary = json.loads(done(result))
    assert len(summary["trials"]) == 4
    assert summary == json.loads((RUN / "result.json").read_text())
    assert "3 of 4 trials were done before" in result.err
    assert "trials: " in refusal(command("resume", RUN, "--trials", 2))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "none"], "unknown recipe 'none'; known: "),
        (["--space", "decay=1:2"], "tune: recipe sat has no 'decay'"),
        (["--space", "learning_rate"], "space 'learning_rate': write KEY=LOW:HIGH"),
        (["--space", "learning_rate=2:1"], "tune: learning_rate=2:1: the low end"),
        (["--space", "momentum=0.5:2"], "tune: momentum=2.0: momentum: input should be less than 1"),
        (["--sampler", "luck"], "tune: sampler: unknown sampler 'luck'; known: "),
        (["--pruner", "luck"], "tune: pruner: input should be 'median', 'hyperband' or 'none', not 'luck'"),
        (["--trials", "0"], "Invalid value for '--trials'"),
        (["--data", "nothing"], "unknown dataset 'nothing'"),
        (["--output", "."], "exists already: choose another output"),
        (["--set", "nonsense"], "write KEY=VALUE"),
        (["--images", "2000"], "images.train asks for 2000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_makes_nothing(
    command: Command, folder: Path, words: list[str], message: str
) -> None:
    assert message in refusal(command("tune", "net.json", "--recipe", "sat", *DATA, *words))
    assert sorted(path.name for path in folder.iterdir()) == ["net.json"]


def test_where_no_trial_is_completed_the_code_is_1(command: Command, folder: Path) -> None:
    result = command(*SHORT, "--set", "recipe.learning_rate=1e+38", "--space", "learning_rate=1e37,1e38", "--trials", 2)
    assert result.code == 1
    assert "diverged: the training loss is not finite" in result.out
    assert "No trial was completed" in result.out
    assert not (RUN / "recipe.yaml").exists()


def test_dry_run_prints_what_it_would_take_and_makes_nothing(command: Command, folder: Path) -> None:
    out = done(command(*SHORT, "--dry-run"))
    assert "a trial" in out
    assert "each, for about 3" in out
    assert not Path("runs").exists()


LONG = (*SHORT[:-2], "--trials", 5, "--epochs", 3)


def killed_summary(folder: Path, path: str) -> Any:
    return timeless(json.loads((folder / path / "result.json").read_text()))


@pytest.mark.slow
def test_killed_at_random_instants_and_resumed(folder: Path) -> None:
    began = time.monotonic()
    run(COMMAND, *LONG, "--output", "whole")
    took, instants = time.monotonic() - began, random.Random(0)
    words: tuple[object, ...] = (*LONG, "--output", "killed")
    for _ in range(2):
        tuning = Program(COMMAND, *words)
        assert tuning.stderr.readline(), "it ended before it began"
        time.sleep(took * instants.uniform(0.02, 0.2))
        tuning.kill()
        assert tuning.returncode == -signal.SIGKILL, "it ended before it was killed: make the tuning longer"
        words = ("resume", "killed")
    run(COMMAND, *words)
    assert killed_summary(folder, "killed") == killed_summary(folder, "whole")


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "number"), [(0, signal.SIGINT), (2, signal.SIGTERM)])
def test_interrupted_it_says_how_to_resume(folder: Path, workers: int, number: signal.Signals) -> None:
    tuning = Program(COMMAND, *LONG, "--trials", 30, "--workers", workers, "--output", "a run")
    while "/30  trial " not in tuning.stderr.readline():
        pass
    tuning.send_signal(number)
    _, rest = tuning.communicate()
    assert tuning.returncode == 130
    last = rest.strip().splitlines()[-1]
    assert last.startswith("interrupted; ")
    assert last.endswith("rnas resume 'a run'")
    assert "Traceback" not in rest
    assert Path("a run/ledger.db").is_file()
