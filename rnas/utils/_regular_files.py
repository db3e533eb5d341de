"""Read regular files of a bounded size, as a file from anywhere may be endless or no file at all."""

import os
import stat
from pathlib import Path

from rnas.errors import InputError
from rnas.utils._text import shown

_KERNEL = 1024**2


def read_bytes(path: Path, largest: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file; a link to a file is one.
        largest: most bytes that the file may have.

    Raises:
        InputError: the file cannot be read, is larger, or is a folder, a device or a pipe.
    """
    require_regular(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # A file of the kernel has more to read than its size says.
            content = None if size > largest else file.read(min(largest, max(size, _KERNEL)) + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if content is None or len(content) > largest:
        raise InputError(f"{path}: larger than {largest:,} bytes, the most that is read; give a smaller file")
    return content


def require_regular(path: Path) -> None:
    """Raise InputError if a path is not a regular file: to read a pipe or a device can take forever."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{shown(str(path))}: no path ({error})") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device, a pipe or a socket"
        raise InputError(f"{path}: cannot be read (it is {what}, not a regular file)")


def read_text(path: Path, largest: int) -> str:
    """Return the text of a regular file in UTF-8; raise InputError as :func:`read_bytes` does, and for other bytes."""
    try:
        return read_bytes(path, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read (no text in UTF-8: {error.reason} at byte {error.start})") from None
