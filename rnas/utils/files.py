"""Write files that are complete or absent, even if the process is killed."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from rnas.errors import InputError
from rnas.utils._lazy import LazyModule
from rnas.utils._regular_files import require_regular

if TYPE_CHECKING:
    import torch
    from safetensors import torch as safetensors
    from torch import Tensor
else:
    torch = LazyModule("torch")
    safetensors = LazyModule("safetensors.torch")

_SUFFIX = ".partial"


def disk_is_full(error: BaseException) -> bool:
    """Return whether an error means that there is no room left on a disk, which may be made before the next try."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the block a path to write to, and put that file in place of ``path`` when the block succeeds.

    Raises:
        InputError: the path is a folder.
    """
    if not path.name or path.is_dir():
        raise InputError(f"{path}: a folder, not a file to write; give the path of a file")
    partial = path.with_name(f"{path.name}{_SUFFIX}")
    # A link of that name would be followed.
    partial.unlink(missing_ok=True)
    partial.touch(exist_ok=False)
    mode = partial.stat().st_mode
    try:
        yield partial
        # Only the owner may read a file that safetensors writes, whatever the user's default is.
        partial.chmod(mode)
        # Windows only flushes what was opened to write.
        with partial.open("rb+") as file:
            # Otherwise the new name may reach the disk before the content.
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        # On a full disk its room is needed.
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, the same on every system; a lone surrogate becomes its escape."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as a whole."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors as safetensors.

    Raises:
        OSError: they cannot be written.
    """
    with replacing(path) as partial:
        try:
            safetensors.save_file(plain(tensors), partial, dict(metadata or {}))
        except SafetensorError as error:
            # The library gives the number of the system's error in words only.
            code = re.search(r"(?:code:|os error) (\d+)", str(error))
            number = errno.EIO if code is None else int(code[1])
            raise OSError(number, os.strerror(number), str(path)) from None


def plain(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return copies on the CPU, each with contiguous memory of its own."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def discard_partial(folder: Path) -> None:
    """Remove the files in a folder that a killed process did not finish."""
    for path in folder.glob(f"*{_SUFFIX}"):
        path.unlink()


def file_hash(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal; raise InputError if it is a device or a pipe, which has no end."""
    if path.exists():
        require_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tensors_hash(tensors: "Mapping[str, Tensor]") -> str:
    """Return the sha256 of names, types, shapes and values, in hexadecimal; the tensors are on the CPU."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
