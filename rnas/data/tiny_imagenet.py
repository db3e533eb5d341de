"""Load Tiny ImageNet (Le and Yang, 2015): 200 classes of ImageNet at 64x64."""

from pathlib import Path

import torch

from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.images import read_images
from rnas.data.published import find_folder, require_count, require_files
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.utils._regular_files import read_text

FOLDER = "tiny-imagenet-200"
CLASSES = 200
CLASS_IMAGES = 500
VALIDATION_IMAGES = 10_000
_ANNOTATIONS = Path("val", "val_annotations.txt")
_LARGEST_LIST = 16 * 1024**2
_ARCHIVE = "tiny-imagenet-200.zip"


def load(folder: Path | None) -> Dataset:
    """Load the 100,000 training images and, as test images, the 10,000 validation images.

    The published test images have no labels. Classes are numbered in the order of their WordNet ids.
    Grey images become RGB. Decoding takes some ten seconds.

    Args:
        folder: the folder that contains ``tiny-imagenet-200``, or that folder itself.

    Raises:
        InputError: no folder is given, a file is missing, or a file has the wrong content.
    """
    place = find_folder("tiny-imagenet", folder, FOLDER)
    fix = f"download {_ARCHIVE} of Stanford's CS231n, unpack it, and give the folder with {FOLDER} as data_dir"
    require_files(place, [str(_ANNOTATIONS)], fix)
    classes = _classes(place / "train")
    training = [(path, label) for label, name in enumerate(classes) for path in _training(place / "train" / name)]
    validation = _validation(place / _ANNOTATIONS, classes)
    paths, labels = zip(*training, *validation, strict=True)
    pixels = read_images(paths)
    if pixels.shape[2:] != (64, 64):
        raise InputError(f"{paths[0]}: {pixels.shape[3]}x{pixels.shape[2]}, not 64x64; download {_ARCHIVE} again")
    return Dataset(
        name="tiny-imagenet",
        pixels=torch.from_numpy(pixels),
        labels=torch.tensor(labels),
        white=255,
        num_classes=len(classes),
        num_test_images=len(validation),
        splits=SplitSizes(search_val=2_000, test=2_000),
        epsilon=EPSILON,
        fidelity=FIDELITY,
        augmentation=("crop", "flip"),
        classes=tuple(classes),
    )


def _classes(folder: Path) -> list[str]:
    """Return the WordNet ids, sorted."""
    names = sorted(path.name for path in folder.glob("n*") if path.is_dir())
    if len(names) != CLASSES:
        raise InputError(f"{folder}: contains {len(names)} class folders, not {CLASSES}; unpack {_ARCHIVE} again")
    return names


def _training(folder: Path) -> list[Path]:
    """Return the image files of one class."""
    paths = sorted((folder / "images").glob("*.JPEG"))
    require_count(folder / "images", len(paths), CLASS_IMAGES)
    return paths


def _validation(path: Path, classes: list[str]) -> list[tuple[Path, int]]:
    """Return image files and labels from the list of validation images: file, WordNet id and a box, split by tabs."""
    lines = read_text(path, _LARGEST_LIST).splitlines()
    numbers = {name: label for label, name in enumerate(classes)}
    images = []
    for number, line in enumerate(lines, 1):
        file, name, *_ = [*line.split("\t"), "", ""]
        if name not in numbers or Path(file).name != file:
            raise InputError(f"{path}: line {number} has no image and class of train; unpack {_ARCHIVE} again")
        images.append((path.parent / "images" / file, numbers[name]))
    require_count(path, len(images), VALIDATION_IMAGES)
    return images
