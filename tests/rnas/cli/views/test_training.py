"""The progress of a training, on a terminal and elsewhere."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from rnas.cli.progress import ProgressView
from rnas.cli.views.training import description
from rnas.experiment import Work
from rnas.experiments.training._state import State
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.setup import Setup
from rnas.experiments.training.training import Training
from rnas.training.numerics import Numerics
from tests.rnas.experiments.training.trainings import trained


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return trained(tmp_path_factory.mktemp("trainings") / "finished")


def shown(finished: TrainingResult, folder: Path, terminal: bool, done: int = 0) -> str:
    text = io.StringIO()
    training = Training(folder, finished.settings)
    if done:
        state = State.read(finished.path / "state.safetensors")
        replace(state, history=state.history[:done]).write(training.state)
    with ProgressView(Console(file=text, width=200, force_terminal=terminal)) as view:
        view.started(training, Work("epoch", 3, done))
        for row in finished.history[done:]:
            view.progress({f"epoch {row['epoch']}": 0.25})
            view.progress({f"val images after epoch {row['epoch']}": 1.0})
            view.recorded(row)
        view.started(training, Work("evaluation", 1, phase="final evaluation"))
        view.message("test images: fgsm on the best weights")
        view.progress({"fgsm on the best weights": 0.5})
    return text.getvalue()


def test_elsewhere_each_epoch_and_each_attack_is_a_line(finished: TrainingResult, tmp_path: Path) -> None:
    lines = shown(finished, tmp_path, terminal=False).splitlines()
    row = finished.history[1]
    (line,) = (line for line in lines if line.startswith("2/3"))
    for words in (
        f"loss {row['loss']:.4f}",
        f"train {row['train_robust_accuracy']:.1%}",
        f"{row['val_clean_accuracy']:.1%} clean {row['val_robust_accuracy']:.1%} robust",
        f"rate {row['learning_rate']:.2g}",
        "left",
        f"best {finished.history[0]['val_robust_accuracy']:.1%} robust (epoch 1)",
    ):
        assert words in line
    assert lines[-2] == "test images: fgsm on the best weights"
    assert lines[-1].startswith("0/1  fgsm on the best weights: 50%")


def test_on_a_terminal_there_is_a_bar_as_well(finished: TrainingResult, tmp_path: Path) -> None:
    text = shown(finished, tmp_path, terminal=True)
    assert text.count("2/3  loss") == 1
    assert "fgsm on the best weights: 50%" in text or "━" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_epochs_of_before_are_told(finished: TrainingResult, tmp_path: Path, terminal: bool) -> None:
    text = shown(finished, tmp_path, terminal, done=2)
    assert "2 of 3 epochs were done before" in text
    assert "2/3  loss" not in text
    assert "3/3  loss" in text


def test_changes_of_the_recipe_are_told(finished: TrainingResult) -> None:
    recipe = finished.settings.recipe.model_copy(update={"weight_decay": 0.0, "l1": 0.1})
    settings = finished.settings.model_copy(update={"recipe": recipe})
    assert "by recipe sat with weight_decay and l1 changed" in description(Setup.of(settings))[0]


def test_one_is_no_plural(finished: TrainingResult, tmp_path: Path) -> None:
    assert "1 of 3 epochs was done before" in shown(finished, tmp_path, terminal=False, done=1)
    fidelity = finished.settings.fidelity.model_copy(update={"epochs": 1})
    settings = finished.settings.model_copy(update={"fidelity": fidelity})
    assert description(Setup.of(settings))[1].startswith("1 epoch of 120 images of digits in batches of 40, epsilon")


def test_a_slow_precision_is_said_at_the_beginning(finished: TrainingResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    recipe = finished.settings.recipe.model_copy(update={"numerics": Numerics(precision="bfloat16")})
    settings = finished.settings.model_copy(update={"recipe": recipe})
    assert "no instructions for bfloat16" in description(Setup.of(settings))[-1]
