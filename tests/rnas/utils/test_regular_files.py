"""Only regular files are read, and only up to a size."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.utils._json_files import read_json
from rnas.utils._regular_files import read_bytes, read_text
from rnas.utils._yaml_files import read_yaml


@pytest.mark.parametrize(
    "read", [read_yaml, read_json, lambda path: read_text(path, 9), lambda path: read_bytes(path, 9)]
)
def test_only_regular_files_within_the_size_are_read(read: Callable[[Path], Any], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(600 * 1024**2)
    for name, reason in (
        ("fifo", "a pipe or a socket"),
        ("zero", "a device"),
        (".", "a folder"),
        ("absent", "No such file"),
        ("x" * 5_000, "File name too long"),
        ("nul\x00", "null"),
        ("loop", "symbolic links"),
        ("huge", "larger than"),
    ):
        with pytest.raises(InputError, match=reason):
            read(tmp_path / name)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a: \xff")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_yaml(tmp_path / "x")
    with pytest.raises(InputError, match="not valid JSON"):
        read_json(tmp_path / "x")
