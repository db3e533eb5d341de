"""Record each epoch of a training, and find the best epoch."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, NonNegativeFloat

from rnas.training.recipe import Recipe
from rnas.utils._json_files import Content, Share

HISTORY = "history.csv"
"""Name of the file of all epochs."""

Row = Mapping[str, float]
"""One epoch: ``epoch`` from 1, ``loss``, ``train_robust_accuracy`` under the inner attack, ``learning_rate`` of the
last step, ``seconds`` of training; ``val_clean_accuracy``, ``val_robust_accuracy`` and ``val_robust_margin`` on the val
split, ``val_seconds``; and ``guarded_accuracy`` if the recipe looks for catastrophic overfitting."""


class Epoch(Content):
    """Define the columns of a row that are always there."""

    epoch: Annotated[float, Field(ge=1)]
    loss: float
    train_robust_accuracy: Share
    learning_rate: NonNegativeFloat
    seconds: NonNegativeFloat
    val_clean_accuracy: Share
    val_robust_accuracy: Share
    val_robust_margin: Annotated[float, Field(ge=-1, le=1)]


def chosen_by(recipe: Recipe) -> tuple[str, str]:
    """Return the columns by which the best epoch has the largest values, the first before the second.

    It is robust accuracy, or clean accuracy if the recipe has no inner attack, because robust accuracy is then chance.
    """
    columns = ("val_robust_accuracy", "val_clean_accuracy")
    return columns if recipe.inner_attack is not None else (columns[1], columns[0])


def best_row(history: Sequence[Row], recipe: Recipe) -> Row:
    """Return the row of the best epoch so far, the earliest of equals; there must be at least one row."""
    first, second = chosen_by(recipe)
    return max(history, key=lambda row: (row[first], row[second]))


def to_csv(history: Sequence[Row]) -> str:
    """Write a header and one line for each epoch; numbers read back as the same numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]) if history else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
