"""The live view of a training, on a terminal and elsewhere."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from rnas.cli.training_view import TrainingView, description
from rnas.experiments.training.run import TrainingRun
from rnas.experiments.training.setup import Setup
from tests.rnas.experiments.training.trainings import trained


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return trained(tmp_path_factory.mktemp("trainings") / "finished")


def shown(finished: TrainingRun, terminal: bool, done: int = 0) -> str:
    text = io.StringIO()
    console = Console(file=text, width=200, force_terminal=terminal)
    history = finished.history
    with TrainingView(console, Path("runs/here")) as view:
        view.started(Setup.of(finished.settings), history[:done])
        for epoch in range(done + 1, 4):
            view.training(epoch, 0.25)
            view.selecting(epoch, 0.5)
            view.ended(history[:epoch], history[0])
        view.evaluating("best", "fgsm", 0.0)
        view.evaluating("best", "fgsm", 0.5)
    return text.getvalue()


def test_elsewhere_each_epoch_and_each_attack_is_a_line(finished: TrainingRun) -> None:
    lines = shown(finished, terminal=False).splitlines()
    row = finished.history[1]
    (line,) = (line for line in lines if line.startswith("2/3"))
    for words in (
        f"loss {row['loss']:.4f}",
        f"training {row['train_robust_accuracy']:.1%}",
        f"{row['val_clean_accuracy']:.1%} clean {row['val_robust_accuracy']:.1%} robust",
        f"rate {row['learning_rate']:.2g}",
        "left",
        f"best {finished.history[0]['val_robust_accuracy']:.1%} robust (epoch 1)",
    ):
        assert words in line
    assert lines[-1] == "test images: fgsm on the best weights"
    assert len([line for line in lines if "test images:" in line]) == 1


def test_on_a_terminal_there_is_a_bar_as_well(finished: TrainingRun) -> None:
    text = shown(finished, terminal=True)
    assert text.count("2/3  loss") == 1
    assert "test images: fgsm on the best weights 50%" in text or "━" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_epochs_of_before_are_told(finished: TrainingRun, terminal: bool) -> None:
    text = shown(finished, terminal, done=2)
    assert "2 of 3 epochs were done before" in text
    assert "2/3  loss" not in text
    assert "3/3  loss" in text


def test_changes_of_the_recipe_are_told(finished: TrainingRun) -> None:
    recipe = finished.settings.recipe.model_copy(update={"weight_decay": 0.0, "l1": 0.1})
    settings = finished.settings.model_copy(update={"recipe": recipe})
    console = Console(file=io.StringIO(), width=200)
    TrainingView(console, Path("here")).started(Setup.of(settings), ())
    assert "by recipe sat with weight_decay and l1 changed" in console.file.getvalue()


def test_one_is_no_plural(finished: TrainingRun) -> None:
    assert "1 of 3 epochs was done before" in shown(finished, terminal=False, done=1)
    fidelity = finished.settings.fidelity.model_copy(update={"epochs": 1})
    settings = finished.settings.model_copy(update={"fidelity": fidelity})
    assert description(Setup.of(settings))[1].startswith("1 epoch of 120 images of digits in batches of 40, epsilon")
