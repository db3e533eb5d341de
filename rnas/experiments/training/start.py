"""Create and resume trainings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.errors import BatchTooLargeError, InputError
from rnas.experiments.references import Reference, resolve
from rnas.experiments.training.directory import TrainingDirectory
from rnas.experiments.training.listener import Listener
from rnas.experiments.training.loop import run_epochs
from rnas.experiments.training.resolve import resolve_settings
from rnas.experiments.training.run import TrainingRun
from rnas.experiments.training.setup import Setup
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.zoo import find
from rnas.utils.directories import next_free, require_free


def resolve_reference(architecture: Architecture | str | Path) -> Reference:
    """Return the reference of an architecture, or of the network that words name.

    Raises:
        InputError: the words name none.
    """
    if isinstance(architecture, str | Path):
        return resolve(architecture)
    return Reference(arch.key(architecture), architecture)


def merged_settings(
    settings: Mapping[str, Any],
    *,
    recipe: Any,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Merge arguments that have names of their own into the settings that ``resolve_settings`` takes.

    Args:
        settings: by key; None is not given.
        recipe: the recipe.
        epochs: of the fidelity; None is not given.
        batch_size: of the fidelity; None is not given.
        images: sizes of the splits, or that of the train split alone; None is not given.

    Raises:
        InputError: the fidelity is no mapping.
    """
    given = {key: value for key, value in {"epochs": epochs, "batch_size": batch_size}.items() if value is not None}
    fidelity = settings.get("fidelity") or {}
    if not isinstance(fidelity, Mapping):
        raise InputError(f"fidelity is {fidelity!r}; write a mapping such as {{epochs: 30}}")
    sizes = {"train": images} if isinstance(images, int) else images
    content = {**settings, "recipe": recipe, "fidelity": {**fidelity, **given}, "images": sizes}
    return {key: value for key, value in content.items() if value is not None}


def resolve_setup(reference: Reference, given: Mapping[str, Any]) -> Setup:
    """Resolve the setup of a training; nothing is written.

    Args:
        reference: the network.
        given: see :func:`rnas.experiments.training.resolve.resolve_settings`.

    Raises:
        InputError: a setting is wrong, data are missing, or the network cannot run on them.
    """
    return Setup.of(resolve_settings(reference, given))


def output_dir(reference: Reference, setup: Setup, output: Path | None) -> Path:
    """Return the given directory, or the first free ``runs/train-<network>-<recipe>-<n>``.

    Raises:
        InputError: it exists already.
    """
    recipe = setup.settings.recipe.name
    path = output if output is not None else next_free(f"train-{short_name(reference)}-{recipe}")
    require_free(path)
    return path


def run_training(path: Path, setup: Setup, listener: Listener) -> TrainingRun:
    """Create a training in a new directory and run it.

    Raises:
        InputError: it exists already, or cannot be made.
        BatchTooLargeError: memory ran out; nothing is left where no epoch was done.
    """
    directory = TrainingDirectory.create(path, setup.settings)
    try:
        run_epochs(directory, setup, listener)
    except BatchTooLargeError:
        if not directory.state.exists():
            directory.discard()
        raise
    return TrainingRun.load(path)


def resume_training(path: Path, listener: Listener) -> TrainingRun:
    """Resume a training that was stopped; one that has ended is only read.

    Raises:
        InputError: this is no training, it is in use, or it is damaged.
        BatchTooLargeError: memory ran out.
    """
    directory = TrainingDirectory(path)
    settings = directory.read_settings()
    if directory.read_summary() is None:
        run_epochs(directory, Setup.of(settings), listener)
    return TrainingRun.load(path)


def short_name(reference: Reference) -> str:
    """The network in a directory's name: a published name, a file's, or the key."""
    try:
        word = find(reference.name).name
    except InputError:
        path = Path(reference.name)
        word = path.stem if path.suffix == ".json" else arch.key(reference.architecture)
    return re.sub(r"[^a-z0-9.-]+", "-", word.lower()).strip("-.") or "network"
