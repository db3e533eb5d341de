"""Noise in files of CIFAR's layout."""

import pickle
from pathlib import Path

import numpy as np

from rnas.data import cifar10


def write_cifar10(folder: Path, batch: int, test: int) -> None:
    """Write CIFAR-10's files: five batches of training images, and the test images."""
    names = [file.name for file in cifar10.FILES]
    images = {name: test if name == "test_batch" else batch for name in names}
    write_batches(folder / cifar10.FOLDER, images, labels=10)


def write_batches(folder: Path, images: dict[str, int], **classes: int) -> None:
    """Write a folder with files of a number of images each; labels of each kind go through its classes in turn."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for name, count in images.items():
        pixels = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
        labels = {kind: [number % total for number in range(count)] for kind, total in classes.items()}
        (folder / name).write_bytes(pickle.dumps({"data": pixels, **labels}, protocol=2))
