"""Load a data set by its name, once for a process."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rnas import registry
from rnas.experiment import CONFIG

if TYPE_CHECKING:
    from rnas.data.dataset import Dataset

_MOST_FILES = 20_000
"""Files of a folder that are looked at for changes, at least if it has them."""

_MOST_HELD = 2

_read: "dict[tuple[str, Path | None], tuple[int, Dataset]]" = {}
"""The data sets that were used last, with the state of their folder, the last one last."""

_placed: "dict[tuple[str, Path | None], Dataset]" = {}


def load_dataset(name: str, folder: Path | str | None = None) -> "Dataset":
    """Load a data set by its name; a process reads it again only after a file in the folder has changed.

    Args:
        name: registered name, such as ``"digits"``, ``"cifar10"`` or ``"folder"``; ``rnas plugins`` lists all of them.
        folder: folder of the published files, or of your own images; None for data that need none.

    Returns:
        All images as bytes, (N, C, H, W), with their labels. :func:`rnas.data.divide` divides them into the four
        splits, whose images are floats in [0, 1].

    Raises:
        InputError: the name is unknown, or a file is missing or damaged.

    Examples:
        >>> from rnas.data import divide, load_dataset
        >>> digits = load_dataset("digits")
        >>> test = divide(digits, digits.splits, seed=0)["test"]
        >>> test.images(slice(None)).shape
        torch.Size([450, 1, 8, 8])
    """
    folder = None if folder is None else Path(folder)
    if (name, folder) in _placed:
        return _placed[name, folder]
    state = _state(folder)
    before, dataset = _read.pop((name, folder), (None, None))
    if dataset is None or before != state:
        dataset = registry.load(registry.DATASETS, name)(folder)
    _read[name, folder] = state, dataset
    while len(_read) > _MOST_HELD:
        del _read[next(iter(_read))]
    return dataset


def held_datasets() -> "dict[tuple[str, Path | None], Dataset]":
    """Return the data sets that this process has read last, by name and folder."""
    return {place: dataset for place, (_, dataset) in _read.items()}


def place_dataset(name: str, folder: Path | None, dataset: "Dataset") -> None:
    """Let this process use a data set that another one has read, and look at no folder for it."""
    _placed[name, folder] = dataset


def _state(folder: Path | None) -> int:
    """Return a number that is another after a change of names, sizes or times of the first files in a folder.

    Hidden files are none of the data, and neither are the directories of experiments in it, which change all the time.
    """
    files: list[tuple[str, int, int]] = []
    folders = [] if folder is None else [os.fspath(folder)]
    for place in folders:
        try:
            with os.scandir(place) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            continue  # Loading says what is wrong.
        if place != folders[0] and any(entry.name == CONFIG for entry in found):
            continue
        for entry in found:
            # A link to nothing is no file.
            with suppress(OSError):
                if entry.is_dir():
                    folders.append(entry.path)
                else:
                    stat = entry.stat()
                    files.append((entry.path, stat.st_size, stat.st_mtime_ns))
        if len(files) > _MOST_FILES:
            break
    return hash(tuple(sorted(files)))
