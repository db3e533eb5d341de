"""Files as the authors of a data set published them: where they lie, how many images each holds, their checksums."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rnas.errors import InputError

_checksum = partial(hashlib.md5, usedforsecurity=False)


@dataclass(frozen=True)
class PublishedFile:
    """One file of a data set.

    Attributes:
        name: of the file.
        images: how many it holds.
        md5: published checksum, in hexadecimal.
    """

    name: str
    images: int
    md5: str


def find_folder(dataset: str, folder: Path | None, subfolder: str, holds: str = "") -> Path:
    """The subfolder of the folder given, or that one itself where it has none.

    Args:
        dataset: registered name.
        folder: the one given as --data-dir.
        subfolder: name that the published archive unpacks to.
        holds: what the folder to give holds, for the error, where that is not the subfolder.

    Raises:
        InputError: no folder is given.
    """
    if folder is None:
        raise InputError(f"data {dataset} needs --data-dir DIR, the folder that holds {holds or subfolder}")
    return folder / subfolder if (folder / subfolder).is_dir() else folder


def require_files(folder: Path, names: Sequence[str], fix: str) -> None:
    """InputError with the fix where the folder lacks one of the files."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(f"no {missing[0]} in {folder}: {fix}")


def require_count(path: Path, images: int, expected: int) -> None:
    """InputError where a file or folder does not hold as many images as were published."""
    if images != expected:
        raise InputError(f"{path}: holds {images:,} images, not the published {expected:,}; fetch it again")


def verify(folder: Path, files: Sequence[PublishedFile]) -> bool:
    """Whether every one of the files, which must be there, has its published checksum."""
    return all(_md5(folder / file.name) == file.md5 for file in files)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _checksum).hexdigest()
