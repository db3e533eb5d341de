"""Load the user's own images from a folder of class folders."""

from collections.abc import Sequence
from pathlib import Path

import torch

from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.images import SUFFIXES, read_images
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.utils._text import shown

_MOST_EVALUATED = 2_000
_TRAINING = ("train", "training")
_HELD_OUT = (("test", "testing"), ("val", "valid", "validation", "dev"))
"""Names of the folders whose images are test images, in any case; those of the first row go before the second."""

_LAYOUT = "a folder that contains one folder of images for each class, or train/ and test/ (or val/) with such folders"
_NAMES = ("desktop.ini", "thumbs.db", "readme", "license", "copying", "notice", "authors", "changelog", "md5sums")
"""Names, in any case, of files that are no images."""

_TEXTS = (".csv", ".htm", ".html", ".json", ".md", ".pdf", ".rst", ".toml", ".tsv", ".txt", ".xml", ".yaml", ".yml")
"""Suffixes of files that describe images and are none; a file of any other kind that is not read is an error."""


def load(folder: Path | None) -> Dataset:
    """Load the images of ``FOLDER/CLASS/``, or of ``FOLDER/train/CLASS/`` and ``FOLDER/test/CLASS/``.

    The test images may also be in ``testing``, or, if there is neither, in ``val``, ``valid``, ``validation`` or
    ``dev``; names are in any case, and ``train`` may be ``training``. If there are both test and val images, the val
    images are not read, and the note says so. Classes and files are sorted by name; names that begin with a dot and
    files of text are ignored (of those without a suffix: readme, license and the like), and any other file or folder
    that is not read is an error. All images have one size and become RGB. By default a tenth of the training images is
    the search_val split. The test split comes from the test images, or is another tenth of the training images. Each of
    the two has at most 2,000 images.

    Args:
        folder: a folder with at least two classes.

    Raises:
        InputError: no folder is given, it has another layout, holds something that is not read, or an image cannot be
            read or has another size.
    """
    if folder is None:
        raise InputError(f"data folder needs data_dir, {_LAYOUT}")
    try:
        training, held_out, unread = _parts(folder)
        train = _images(training)
        test = {} if held_out is None else _images(held_out)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None
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
        note="" if unread is None else f"The images in {unread.name}/ were not used, as there are test images as well.",
        classes=tuple(train),
    )


def _parts(folder: Path) -> tuple[Path, Path | None, Path | None]:
    """Return the folders of the training images, of the test images, and of further images that are not read."""
    inner = [path for path in _visible(folder) if path.is_dir()]
    training = _one(folder, inner, _TRAINING)
    # A class may be called "train".
    if training is None or not any(path.is_dir() for path in _visible(training)):
        return folder, None, None
    _require_read(folder)
    found = [part for part in (_one(folder, inner, names) for names in _HELD_OUT) if part is not None]
    for path in inner:
        if path not in (training, *found):
            raise InputError(
                f"{path}: this folder next to {training.name}/ is not read; call it test or val if it has the test "
                "images, or move it elsewhere"
            )
    held_out, unread, *_ = [*found, None, None]
    return training, held_out, unread


def _one(folder: Path, inner: Sequence[Path], names: tuple[str, ...]) -> Path | None:
    """Return the folder that has one of some names, or None; raise InputError if several have."""
    found = [path for path in inner if path.name.lower() in names]
    if len(found) > 1:
        raise InputError(f"{folder}: both {found[0].name}/ and {found[1].name}/ are there; leave one of them")
    return found[0] if found else None


def _images(folder: Path) -> dict[str, list[Path]]:
    """Return the image files of each class, at least one, both sorted by name."""
    _require_read(folder)
    classes = [path for path in _visible(folder) if path.is_dir()]
    if len(classes) < 2:
        raise InputError(f"{folder}: fewer than two class folders: {_LAYOUT}")
    for path in classes:
        if not path.name.isprintable():
            raise InputError(f"{folder}: the class {shown(path.name)} has characters that cannot be printed; rename it")
    return {path.name: _files(path) for path in classes}


def _files(folder: Path) -> list[Path]:
    visible = _visible(folder)
    for path in visible:
        if path.is_dir():
            raise InputError(f"{path}: a folder within a class is not read; move its images up, or elsewhere")
    images = [path for path in visible if path.suffix.lower() in SUFFIXES]
    _require_read(folder, images)
    if not images:
        raise InputError(f"{folder}: no png, jpg, bmp or webp images in this class; the data folder: {_LAYOUT}")
    return images


def _require_read(folder: Path, images: Sequence[Path] = ()) -> None:
    """Raise InputError if a folder has a file that may be an image or hold images, and is not among those read."""
    read = set(images)
    for path in _visible(folder):
        if path in read or path.is_dir():
            continue
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            raise InputError(f"{path}: this image is in no class folder; move it into one, or remove it")
        if suffix not in _TEXTS and path.name.lower() not in _NAMES:
            kind = "" if path.exists() else " (it is a link to nothing)"
            raise InputError(f"{path}: only png, jpg, bmp and webp images can be read{kind}; convert or remove it")


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
