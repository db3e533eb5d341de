"""Tuning a recipe: begin one, or go on with one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rnas.experiments.training import start
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.tuning.directory import TuningDirectory
from rnas.experiments.tuning.listener import Listener, Silent
from rnas.experiments.tuning.loop import carry_on
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.space import default_space, parse_space
from rnas.nas.config import explained
from rnas.networks.architecture import Architecture
from rnas.training.recipe import Recipe
from rnas.utils.directories import next_free

SOURCE = "tune"
"""What the settings are called in messages."""


@dataclass(frozen=True)
class TuningRun:
    """A tuning that has ended.

    Attributes:
        directory: where it is kept.
        settings: all that decides it.
        summary: trials, best recipe and all that decided them, as summary.json holds them.
    """

    directory: TuningDirectory
    settings: TuningSettings
    summary: Mapping[str, Any]


def tune(
    architecture: Architecture | str | Path,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    *,
    space: Mapping[str, str] | Sequence[str] | None = None,
    trials: int = 20,
    sampler: str = "tpe",
    pruner: str = "median",
    workers: int = 0,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    run: Path | str | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> TuningRun:
    """Tune hyperparameters of a recipe for a network, by accuracy under attack on held-out training images.

    The test split of the data, on which trainings are reported, is not looked at.

    Args:
        architecture: an architecture, or what :func:`rnas.experiments.references.resolve` understands.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise; as it is given it
            is trial 0.
        space: fields with the values that they may take, as ``{"learning_rate": "0.01:1:log"}`` or
            ``["learning_rate=0.01:1:log"]``; None is :func:`rnas.experiments.tuning.space.default_space`.
        trials: in all.
        sampler: see :func:`rnas.nas.strategies.optuna_samplers.sampler_names`.
        pruner: see :func:`rnas.experiments.tuning.pruners.make_pruner`.
        workers: trainings at once, each in a process of its own; 0 trains one after the other here.
        epochs: of each training; None is as many as the recipe was published with.
        batch_size: likewise.
        images: see :func:`rnas.api.train`.
        run: directory of the tuning; None makes ``runs/tune-<network>-<recipe>-<n>``.
        listener: told of progress.
        **settings: see :func:`rnas.api.train`.

    Raises:
        InputError: a setting is wrong, data are missing, the directory exists, or the recipe as it is given cannot be
            trained.
    """
    given = start.merged_settings(settings, recipe=recipe, epochs=epochs, batch_size=batch_size, images=images)
    directory, chosen = prepare(
        architecture,
        given,
        space,
        trials=trials,
        sampler=sampler,
        pruner=pruner,
        run=None if run is None else Path(run),
    )
    return go(directory, chosen, workers, listener or Silent())


def prepare(
    architecture: Architecture | str | Path,
    given: Mapping[str, Any],
    space: Mapping[str, str] | Sequence[str] | None,
    *,
    run: Path | None,
    **own: Any,
) -> tuple[TuningDirectory, TuningSettings]:
    """Settle everything and make the directory; nothing is trained yet.

    Args:
        architecture: see :func:`tune`.
        given: see :func:`rnas.experiments.training.resolve.resolve_settings`.
        space: see :func:`tune`.
        run: see :func:`tune`.
        **own: the other keys of :class:`rnas.experiments.tuning.settings.TuningSettings`.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    reference = start.resolve_reference(architecture)
    settings = settled(start.resolve_setup(reference, given).settings, space, **own)
    path = run or next_free(f"tune-{start.short_name(reference)}-{settings.training.recipe.name}")
    TuningDirectory.require_new(path)
    return TuningDirectory.create(path, settings), settings


def settled(
    training: TrainingRunSettings, space: Mapping[str, str] | Sequence[str] | None, **own: Any
) -> TuningSettings:
    """The settings of a tuning.

    Args:
        training: of every trial but for what is tuned.
        space: see :func:`tune`.
        **own: the other keys of :class:`rnas.experiments.tuning.settings.TuningSettings`.

    Raises:
        InputError: a setting is wrong.
    """
    # One place for the size of a batch, so that it may be tuned and is in the recipe that comes of it.
    recipe = training.recipe.model_copy(update={"batch_size": training.fidelity.batch_size})
    if space is not None and not isinstance(space, Mapping):
        space = parse_space(list(space))
    content = {
        "training": {**training.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json")},
        "space": default_space(recipe) if space is None else dict(space),
        **own,
    }
    try:
        return TuningSettings.model_validate(content)
    except ValidationError as error:
        raise explained(error, SOURCE, TuningSettings) from None


def resume_tuning(
    path: Path | str, *, trials: int | None = None, workers: int = 0, listener: Listener | None = None
) -> TuningRun:
    """Go on with a tuning that was stopped, or extend one that has ended.

    Args:
        path: the tuning's directory.
        trials: in all; None keeps the tuning's own. The larger is kept in the directory.
        workers: see :func:`tune`.
        listener: told of progress.

    Raises:
        InputError: this is no tuning, it is in use, or it would have fewer trials than before.
        LedgerError: its study is damaged.
    """
    directory = TuningDirectory(Path(path))
    return go(directory, directory.extended(trials), workers, listener or Silent())


def go(directory: TuningDirectory, settings: TuningSettings, workers: int | None, listener: Listener) -> TuningRun:
    """Run the trials that are missing; see :func:`rnas.experiments.tuning.loop.carry_on`."""
    carry_on(directory, settings, workers, listener)
    return TuningRun(directory, settings, json.loads(directory.result.read_text(encoding="utf-8")))
