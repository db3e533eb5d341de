"""Results do not depend on processes that are killed, unless all are."""

import os
from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.utils._processes import in_processes


def test_what_a_killed_process_lost_is_computed_again(tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    killing = f"test -e {marker} && exit 3; touch {marker}; kill -9 $PPID"
    found = list(in_processes(os.system, ["exit 0", killing, "exit 2"], 2))
    assert [os.waitstatus_to_exitcode(status) for status in found] == [0, 3, 2]


def test_one_line_says_what_to_do_if_processes_cannot_live() -> None:
    with pytest.raises(InputError, match=r"^workers: processes were killed 2 times.*give workers=1"):
        list(in_processes(os.system, ["kill -9 $PPID"], 1))
