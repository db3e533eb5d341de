"""Read the published files of CIFAR-10-C and CIFAR-100-C (Hendrycks and Dietterich, ICLR 2019).

A folder contains ``NAME.npy`` for each corruption, 50,000 x 32 x 32 x 3 uint8, and ``labels.npy``, 50,000 labels. Each
file has the 10,000 test images in their published order at severity 1, then at severity 2, and so on to 5.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnas.data.corruptions.named import CORRUPTIONS, FURTHER, SEVERITIES
from rnas.data.dataset import Dataset, Split
from rnas.errors import InputError

IMAGES = 10_000
"""Number of images of one severity."""

_DATA = ("cifar10", "cifar100")
_LABELS = "labels.npy"
_PIXELS_SHAPE = (IMAGES * len(SEVERITIES), 32, 32, 3)
_SOURCE = "unpack CIFAR-10-C.tar or CIFAR-100-C.tar, and give the folder that contains its .npy files"


def published_split(folder: Path, corruption: str, severity: int, rows: Tensor | None = None) -> Split:
    """Return images of one corruption and severity; only the requested images are read from the disk.

    Args:
        folder: the folder that contains the files.
        corruption: a name from :data:`rnas.data.corruptions.CORRUPTIONS`, or one of the four further ones.
        severity: 1 to 5.
        rows: (n,) int64, positions in the published test set, in [0, 10000); None reads all.

    Returns:
        The images (n, 3, 32, 32); their ids are their positions in the published test set.

    Raises:
        InputError: there is no such corruption or severity, a file is missing, or a file has the wrong content.
    """
    if corruption not in (*CORRUPTIONS, *FURTHER):
        raise InputError(f"unknown corruption {corruption!r}; known: {', '.join((*CORRUPTIONS, *FURTHER))}")
    if severity not in SEVERITIES:
        raise InputError(f"severity {severity} of {corruption} does not exist: give one from 1 to 5")
    ids = torch.arange(IMAGES) if rows is None else rows.cpu()
    pixels = _pixels(folder, corruption)
    chosen = np.array(pixels[ids.numpy() + (severity - 1) * IMAGES])
    return Split(torch.from_numpy(chosen).movedim(3, 1).contiguous(), published_labels(folder)[ids], ids, 255)


def published_rows(dataset: Dataset, ids: Tensor) -> Tensor:
    """Return the positions (n,) int64 in the published test set of test images, ascending.

    Args:
        dataset: a data set with all published test images, which are its last.
        ids: (n,) int64, positions in the data set.
    """
    return ids.cpu().sort().values - (len(dataset.labels) - dataset.num_test_images)


def published_names(folder: Path) -> tuple[str, ...]:
    """Return the corruptions that a folder has: the fifteen, and the four further ones if all of them are there.

    Raises:
        InputError: a file is missing or has the wrong content.
    """
    further = FURTHER if all((folder / f"{name}.npy").exists() for name in FURTHER) else ()
    names = (*CORRUPTIONS, *further)
    for name in names:
        _pixels(folder, name)
    return names


def require_of(folder: Path, dataset: Dataset) -> None:
    """Raise InputError unless a folder has corrupted versions of the test images of a data set.

    Args:
        folder: the folder that contains the files.
        dataset: ``cifar10`` for CIFAR-10-C, or ``cifar100`` for CIFAR-100-C.
    """
    labels = published_labels(folder)
    if dataset.name not in _DATA:
        raise InputError(
            f"corruptions {folder}: these images are of CIFAR-10 or CIFAR-100, and not of {dataset.name}; compute "
            "corruptions of its own images instead: computed"
        )
    if dataset.num_test_images != IMAGES or not torch.equal(dataset.labels[-IMAGES:], labels):
        classes = int(labels.max()) + 1
        raise InputError(
            f"corruptions {folder}: the labels are not those of the test images of {dataset.name}, though they have "
            f"{classes} classes and {dataset.name} has {dataset.num_classes}: give the files that belong to the data"
        )
    published_names(folder)


def published_labels(folder: Path) -> Tensor:
    """Return the labels (10000,) int64 of the published test images, which are the same at each severity.

    Raises:
        InputError: the file is missing or has the wrong content.
    """
    path = folder / _LABELS
    labels = _array(path)
    whole = labels.shape == _PIXELS_SHAPE[:1] and labels.dtype.kind in "iu"
    blocks = np.asarray(labels).reshape(len(SEVERITIES), -1) if whole else None
    if blocks is None or blocks.min() < 0 or (blocks != blocks[0]).any():
        raise InputError(
            f"{path}: contains {_described(labels)}, not the same {IMAGES} labels {len(SEVERITIES)} times; "
            "give a file of CIFAR-10-C or CIFAR-100-C"
        )
    return torch.from_numpy(blocks[0].astype(np.int64))


def _pixels(folder: Path, corruption: str) -> np.ndarray[Any, np.dtype[Any]]:
    path = folder / f"{corruption}.npy"
    pixels = _array(path)
    if pixels.shape != _PIXELS_SHAPE or pixels.dtype != np.uint8:
        raise InputError(
            f"{path}: contains {_described(pixels)}, not {'x'.join(map(str, _PIXELS_SHAPE))} uint8; give a file of "
            "CIFAR-10-C or CIFAR-100-C"
        )
    return pixels


def _array(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    if not path.is_file():
        raise InputError(f"there is no {path.name} in {path.parent}: {_SOURCE}")
    try:
        # Unlike numpy.load, this function opens neither pickles nor archives.
        return np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OSError):
        raise InputError(f"{path}: not a readable .npy file of numbers; {_SOURCE}") from None


def _described(array: np.ndarray) -> str:
    return f"{'x'.join(map(str, array.shape))} {array.dtype}"
