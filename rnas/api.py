"""Training from Python: the same nouns as the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.experiments.training import start
from rnas.experiments.training.listener import Listener as TrainingListener
from rnas.experiments.training.listener import Silent as SilentTraining
from rnas.experiments.training.run import TrainingRun
from rnas.networks.architecture import Architecture
from rnas.training.recipe import Recipe


def train(
    architecture: Architecture | str | Path,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    run: Path | str | None = None,
    listener: TrainingListener | None = None,
    **settings: Any,
) -> TrainingRun:
    """Train one network by a recipe, and evaluate its best and its last weights.

    Args:
        architecture: an architecture, or what :func:`rnas.experiments.references.resolve` understands.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise.
        epochs: None is as many as the recipe was published with.
        batch_size: likewise.
        images: how many to train on, or sizes of the parts such as ``{"training": 2_000, "selection": 200}``; None is
            all that selection and final part leave.
        run: directory of the training; None makes ``runs/train-<network>-<recipe>-<n>``.
        listener: told of progress.
        **settings: other keys of :class:`rnas.experiments.training.settings.RunSettings`, such as ``data="digits"``,
            ``data_dir="data"``, ``eps="8/255"`` or ``attacks=("pgd20",)``; ``device`` is ``auto`` by default.

    Returns:
        The training, with history, checkpoints and summary. A loss that diverges is no error: its summary says so.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
        BatchTooLargeError: memory ran out; the message says which batch would fit.
    """
    given = start.shortened(settings, recipe=recipe, epochs=epochs, batch_size=batch_size, images=images)
    reference = start.referenced(architecture)
    setup = start.prepared(reference, given)
    path = start.place(reference, setup, None if run is None else Path(run))
    return start.begin(path, setup, listener or SilentTraining())


def resume_training(path: Path | str, *, listener: TrainingListener | None = None) -> TrainingRun:
    """Go on with a training that was stopped; one that has ended is only read.

    Raises:
        InputError: this is no training, it is in use, or it is damaged.
        BatchTooLargeError: memory ran out.
    """
    return start.go_on(Path(path), listener or SilentTraining())


def load_training(path: Path | str) -> TrainingRun:
    """Read a training's directory as it is now; see :meth:`rnas.experiments.training.run.TrainingRun.load`."""
    return TrainingRun.load(path)
