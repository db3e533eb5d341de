"""Read one file of the python versions of CIFAR-10 and CIFAR-100."""

from pathlib import Path

import numpy as np

from rnas.data.restricted_pickle import read_arrays
from rnas.errors import InputError


def read_batch(path: Path, labels_name: str, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n, 3, 32, 32) uint8 and labels (n,) int64 in [0, num_classes).

    Args:
        path: path of the file.
        labels_name: key of the labels in the file.
        num_classes: number of classes.

    Raises:
        InputError: the file cannot be read or is not such a batch.
    """
    content = read_arrays(path)
    pixels = content.get("data") if isinstance(content, dict) else None
    labels = content.get(labels_name) if isinstance(content, dict) else None
    if (
        not isinstance(pixels, np.ndarray)
        or not isinstance(labels, list)
        or pixels.dtype != np.uint8
        or pixels.shape != (len(labels), 3 * 32 * 32)
        or not all(isinstance(label, int) and 0 <= label < num_classes for label in labels)
    ):
        raise InputError(
            f"{path}: not a CIFAR-{num_classes} batch (n x 3072 bytes of data, and n {labels_name} from 0 to "
            f"{num_classes - 1})"
        )
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)
