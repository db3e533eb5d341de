import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.experiments.training._history import Row, best_row, to_csv
from rnas.training.recipe import Recipe

SAT, STANDARD = Recipe.resolve("sat"), Recipe.resolve("standard")


def row(epoch: int, robust: float, clean: float) -> Row:
    return {"epoch": epoch, "val_clean_accuracy": clean, "val_robust_accuracy": robust}


@pytest.mark.parametrize(
    ("recipe", "values", "best"),
    [
        (SAT, [(0.2, 0.9), (0.4, 0.5), (0.3, 0.9)], 2),
        (SAT, [(0.4, 0.5), (0.4, 0.6), (0.4, 0.6)], 2),
        (STANDARD, [(0.01, 0.8), (0.0, 0.9), (0.02, 0.85)], 2),
        (STANDARD, [(0.0, 0.9), (0.1, 0.9)], 2),
    ],
)
def test_the_best_epoch_is_the_most_robust_then_the_most_accurate_then_the_earliest(
    recipe: Recipe, values: list[tuple[float, float]], best: int
) -> None:
    history = [row(epoch, *value) for epoch, value in enumerate(values, 1)]
    assert best_row(history, recipe)["epoch"] == best


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_numbers_read_back_from_csv_the_same(losses: list[float]) -> None:
    history = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(losses, 1)]
    found = list(csv.DictReader(io.StringIO(to_csv(history))))
    assert [(int(line["epoch"]), float(line["loss"])) for line in found] == [(r["epoch"], r["loss"]) for r in history]
