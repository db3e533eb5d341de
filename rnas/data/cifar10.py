"""CIFAR-10 (Krizhevsky, 2009) from the files of its python version."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from rnas.data.dataset import Dataset, PartSizes
from rnas.data.restricted_pickle import read_arrays
from rnas.errors import InputError

FOLDER = "cifar-10-batches-py"
_TRAINING = [f"data_batch_{number}" for number in range(1, 6)]
_TEST = "test_batch"
_ARCHIVE = "cifar-10-python.tar.gz"


def load(folder: Path | None) -> Dataset:
    """The 50,000 training and 10,000 test images.

    Args:
        folder: the one that holds ``cifar-10-batches-py``, or that folder itself.

    Raises:
        InputError: no folder is given, a file is missing, or one is not what it should be.
    """
    if folder is None:
        raise InputError(f"data cifar10 needs --data-dir DIR, the folder that holds {FOLDER}")
    batches = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    missing = [name for name in [*_TRAINING, _TEST] if not (batches / name).is_file()]
    if missing:
        raise InputError(
            f"no {missing[0]} in {batches}: download {_ARCHIVE} from the CIFAR-10 page of the University of "
            f"Toronto, unpack it, and give the folder that holds {FOLDER} as --data-dir"
        )
    pixels, labels = zip(*(_batch(batches / name) for name in [*_TRAINING, _TEST]), strict=True)
    return Dataset(
        name="cifar10",
        pixels=torch.from_numpy(np.concatenate(pixels)),
        labels=torch.from_numpy(np.concatenate(labels)),
        white=255,
        num_classes=10,
        held_out=len(labels[-1]),
        parts=PartSizes(score=2_000, final=2_000),
        epsilon=Fraction(8, 255),
        fidelity={"epochs": 15, "batch_size": 128, "attack_steps": 7, "attack_step": Fraction(1, 4)},
        augmentation=("crop", "flip"),
    )


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3, 32, 32) uint8 and labels (n,) int64 of one file."""
    content = read_arrays(path)
    pixels = content.get("data") if isinstance(content, dict) else None
    labels = content.get("labels") if isinstance(content, dict) else None
    if (
        not isinstance(pixels, np.ndarray)
        or not isinstance(labels, list)
        or pixels.dtype != np.uint8
        or pixels.shape != (len(labels), 3 * 32 * 32)
        or not all(isinstance(label, int) and 0 <= label < 10 for label in labels)
    ):
        raise InputError(f"{path}: not a CIFAR-10 batch (data of n x 3072 bytes and n labels of 0 to 9)")
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)
