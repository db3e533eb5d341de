"""Test the lines about the best and the last weights."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from rnas.experiments.training._evaluation import CheckpointResult, compared
from rnas.experiments.training.result import TrainingResult
from rnas.report._terminal import print_blocks
from rnas.report.training import blocks, write
from rnas.utils.quantities import duration
from tests.rnas.experiments.training.trainings import trained


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return trained(tmp_path_factory.mktemp("trainings") / "finished")


def printed(finished: TrainingResult, summary: dict[str, Any]) -> str:
    text = io.StringIO()
    print_blocks(Console(file=text, width=140), blocks(replace(finished, summary=summary)))
    return text.getvalue()


def summary(finished: TrainingResult, best: int, last: int) -> dict[str, Any]:
    """Return the lines for a training whose best and last weights withstand these numbers of 100 images."""
    results = [CheckpointResult(torch.ones(100).bool(), {"pgd20": torch.arange(100) < right}) for right in (best, last)]
    content = {**finished.summary, "comparison": compared(*results)}
    for name, epoch, result in zip(("best", "last"), (7, 9), results, strict=True):
        content[name] = {**content[name], "epoch": epoch, "test": result.to_dict()}
    return content


@pytest.mark.parametrize(
    ("best", "last", "verdict"),
    [
        (60, 45, "Robust overfitting: under attack the last epoch is 15.00 points below the best."),
        (60, 57, "Under attack best and last are indistinguishable at 95 % (3.00 points apart)."),
        (45, 60, "Under attack the last epoch is 15.00 points above the one that was chosen on the val split."),
    ],
)
def test_the_difference_is_named(finished: TrainingResult, best: int, last: int, verdict: str) -> None:
    text = printed(finished, summary(finished, best, last))
    assert verdict in text
    assert "best, epoch 7" in text
    assert "last, epoch 9" in text
    row = next(line for line in text.splitlines() if line.startswith("pgd20"))
    assert f"{best}.00%" in row
    assert f"{last}.00%" in row
    assert f"{best - last:+}.00" in row
    assert ("indistinguishable" in row) is ("indistinguishable" in verdict)


def test_one_epoch_that_is_best_and_last_has_one_column(finished: TrainingResult) -> None:
    content = summary(finished, 60, 60)
    content["last"] = content["best"]
    text = printed(finished, {**content, "comparison": None})
    # The heading may be cut into two lines.
    assert "epoch 7, best" in text
    assert "and last" in text
    assert "differ" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (99, "99 s"), (100, "2 min"), (7200, "2.0 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_page_has_the_accuracies_and_a_row_for_each_epoch(finished: TrainingResult, tmp_path: Path) -> None:
    write(finished, tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert f"{finished.settings.network}, trained by {finished.settings.recipe.name}" in text
    for words in ("worst case", "robust, val", "Recipe"):
        assert words in text
    assert text.count("<tr") >= len(finished.history) + 2
    assert (finished.path / "report.html").is_file()
