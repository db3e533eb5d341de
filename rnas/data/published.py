"""Check files of a published data set: their folder, their numbers of images and their checksums."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rnas.errors import InputError

_checksum = partial(hashlib.md5, usedforsecurity=False)


@dataclass(frozen=True)
class PublishedFile:
    """Describe one file of a data set.

    Attributes:
        name: name of the file.
        images: number of images in it.
        md5: published checksum, in hexadecimal.
    """

    name: str
    images: int
    md5: str


def find_folder(dataset: str, folder: Path | None, subfolder: str, holds: str = "") -> Path:
    """Return the subfolder of the given folder, or the folder itself if it has no such subfolder.

    Args:
        dataset: registered name.
        folder: the folder given as data_dir.
        subfolder: name of the folder in the published archive.
        holds: content of the folder to give, for the error, if that is not the subfolder.

    Raises:
        InputError: no folder is given.
    """
    if folder is None:
        raise InputError(f"data {dataset} needs data_dir, the folder that contains {holds or subfolder}")
    return folder / subfolder if (folder / subfolder).is_dir() else folder


def require_files(folder: Path, names: Sequence[str], fix: str) -> None:
    """Raise InputError with the fix if the folder lacks one of the files."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(f"there is no {missing[0]} in {folder}: {fix}")


def require_count(path: Path, images: int, expected: int) -> None:
    """Raise InputError if a file or folder does not have as many images as were published."""
    if images != expected:
        raise InputError(f"{path}: contains {images:,} images, not the published {expected:,}; download it again")


def verify(folder: Path, files: Sequence[PublishedFile]) -> bool:
    """Return whether every one of the files, which must exist, has its published checksum."""
    return all(_md5(folder / file.name) == file.md5 for file in files)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _checksum).hexdigest()
