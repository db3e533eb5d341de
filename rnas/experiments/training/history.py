"""What is known of each epoch of a training, and which epoch is the best."""

import csv
import io
from collections.abc import Mapping, Sequence

from rnas.training.recipe import Recipe

HISTORY = "history.csv"
"""Name of the file of all epochs."""

Row = Mapping[str, float]
"""Of one epoch: ``epoch`` from 1, ``loss``, ``train_robust_accuracy`` of the crafted images, ``learning_rate`` of
the last step, ``seconds`` of training; ``val_clean_accuracy``, ``val_robust_accuracy`` and
``val_robust_margin`` on the val split, ``val_seconds``; and ``guarded_accuracy`` where the recipe
looks for catastrophic overfitting."""


def chosen_by(recipe: Recipe) -> tuple[str, str]:
    """The columns that the best epoch has most of, the first before the second.

    Robust accuracy; clean accuracy where the recipe crafts nothing, as there the robust one is that of chance.
    """
    columns = ("val_robust_accuracy", "val_clean_accuracy")
    return columns if recipe.inner_attack is not None else (columns[1], columns[0])


def best_row(history: Sequence[Row], recipe: Recipe) -> Row:
    """The row of the best epoch so far, of equals the earliest; there is at least one."""
    first, second = chosen_by(recipe)
    return max(history, key=lambda row: (row[first], row[second]))


def to_csv(history: Sequence[Row]) -> str:
    """One line an epoch below the names of the columns; numbers are written so that they read back the same."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]) if history else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
