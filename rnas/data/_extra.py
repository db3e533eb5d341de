"""Load extra labelled training images: generated images, or collected images with predicted labels.

Two kinds of file are common. An ``.npz`` with arrays ``image`` and ``label`` has images of a generative model (Gowal et
al., NeurIPS 2021; Wang et al., ICML 2023). A pickle with ``data`` and ``extrapolated_targets`` has 500K images of 80
Million Tiny Images with predicted labels (Carmon et al., NeurIPS 2019). No code in either file is executed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnas.data.dataset import Dataset, Split
from rnas.data.restricted_pickle import read_arrays
from rnas.errors import InputError
from rnas.utils._regular_files import require_regular

FIRST_ID = 2**32
"""Id of the first extra image. It is above the ids of any data set, so that no two images share their attack noise."""

_NAMES = (("image", "label"), ("data", "extrapolated_targets"))


def load_extra(path: Path, dataset: Dataset) -> Split:
    """Load all images of a file to the CPU, with ids from 2^32 on. :attr:`Split.digest` identifies what was read.

    Args:
        path: an ``.npz`` or a pickle; its images are (n, H, W, C) uint8, its labels (n,) integers.
        dataset: data set with the shape, white and classes that the images must have.

    Raises:
        InputError: the file cannot be read, is truncated, contains objects, or does not fit the data set.
    """
    names, content = _content(path)
    pixels, labels = (content[name] for name in names)
    channels, height, width = dataset.input_shape
    fitting = (height, width, channels)
    fault = ""
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != fitting or not len(pixels):
        fault = f"{names[0]} is {_shape(pixels)}, not n x {' x '.join(map(str, fitting))} of uint8"
    elif labels.dtype.kind not in "iu" or labels.shape != (len(pixels),):
        fault = f"{names[1]} is {_shape(labels)}, not {len(pixels)} integers"
    elif labels.min() < 0 or labels.max() >= dataset.num_classes:
        fault = f"{names[1]} go from {labels.min()} to {labels.max()}, not from 0 to {dataset.num_classes - 1}"
    elif pixels.max() > dataset.white:
        fault = f"{names[0]} go up to {pixels.max()}, but white is {dataset.white}"
    if fault:
        raise InputError(f"{path}: does not fit {dataset.name}: {fault}")
    return Split(
        # This is a view, because a copy of a million images would take some GB. Unpickled bytes are read-only.
        pixels=torch.from_numpy(np.require(pixels, requirements="W")).permute(0, 3, 1, 2),
        labels=torch.from_numpy(labels.astype(np.int64)),
        ids=torch.arange(FIRST_ID, FIRST_ID + len(pixels)),
        white=dataset.white,
    )


def _content(path: Path) -> tuple[tuple[str, str], dict[str, np.ndarray]]:
    """Return the names of the arrays of images and of labels, and the two arrays."""
    content = _npz(path) if _is_zip(path) else read_arrays(path)
    for names in _NAMES:
        if isinstance(content, dict) and all(isinstance(content.get(name), np.ndarray) for name in names):
            return names, content
    known = " nor ".join(" and ".join(names) for names in _NAMES)
    raise InputError(f"{path}: contains no arrays {known}; give an .npz or a pickle of images and labels")


def _is_zip(path: Path) -> bool:
    require_regular(path)
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _npz(path: Path) -> dict[str, Any]:
    try:
        # The file is opened here, because np.load leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for names in _NAMES for name in names if name in arrays}
    except Exception as error:  # A damaged archive raises almost anything.
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable .npz of plain arrays ({reason}); download it again") from None


def _shape(array: np.ndarray) -> str:
    return f"{' x '.join(map(str, array.shape))} of {array.dtype}"
