"""Load the user's own images from a folder of class folders."""

from pathlib import Path

import torch
from PIL import Image

from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.images import SUFFIXES, read_images
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

_MOST_EVALUATED = 2_000
_LAYOUT = "a folder that contains one folder of images for each class, or train/ and test/ (or val/) with such folders"


def load(folder: Path | None) -> Dataset:
    """Load the images of ``FOLDER/CLASS/``, or of ``FOLDER/train/CLASS/`` and ``FOLDER/test/CLASS/``.

    If there is no ``test``, ``val`` has the test images. Classes and files are sorted by name, and names that begin
    with a dot are ignored. All images have one size and become RGB. By default a tenth of the training images is the
    search_val split. The test split comes from the test images, or is another tenth of the training images. Each of the
    two has at most 2,000 images.

    Args:
        folder: a folder with at least two classes.

    Raises:
        InputError: no folder is given, it has another layout, or an image cannot be read or has another size.
    """
    if folder is None:
        raise InputError(f"data folder needs data_dir, {_LAYOUT}")
    divided = (folder / "train").is_dir()
    train = _images(folder / "train" if divided else folder)
    test = next((_images(folder / name) for name in ("test", "val") if divided and (folder / name).is_dir()), {})
    if test and test.keys() != train.keys():
        odd = min(test.keys() ^ train.keys())
        raise InputError(f"{folder}: class {odd!r} is only in the training or only in the test images; add it to both")
    labelled = [
        (path, label) for split in (train, test) for label, paths in enumerate(split.values()) for path in paths
    ]
    paths, labels = zip(*labelled, strict=True)
    num_test_images = sum(map(len, test.values()))
    tenth = min(max((len(labels) - num_test_images) // 10, 1), _MOST_EVALUATED)
    return Dataset(
        name="folder",
        pixels=torch.from_numpy(read_images(paths)),
        labels=torch.tensor(labels),
        white=255,
        num_classes=len(train),
        num_test_images=num_test_images,
        splits=SplitSizes(search_val=tenth, test=min(num_test_images, _MOST_EVALUATED) or tenth),
        epsilon=EPSILON,
        fidelity=FIDELITY,
        augmentation=("crop", "flip"),
        classes=tuple(train),
    )


def _images(folder: Path) -> dict[str, list[Path]]:
    """Return the image files of each class, at least one, both sorted by name."""
    try:
        classes = [path for path in _visible(folder) if path.is_dir()]
        if len(classes) < 2:
            raise InputError(f"{folder}: fewer than two class folders: {_LAYOUT}")
        return {path.name: _files(path) for path in classes}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None


def _files(folder: Path) -> list[Path]:
    images = []
    for path in _visible(folder):
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            images.append(path)
        elif suffix in Image.registered_extensions():
            raise InputError(f"{path}: only png, jpg, bmp and webp images can be read; convert or remove it")
    if not images:
        raise InputError(f"{folder}: no png, jpg, bmp or webp images in this class; the data folder: {_LAYOUT}")
    return images


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
