"""The command line, run in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from rnas.cli import main


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on a terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["rnas", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        output = capsys.readouterr()
        return Result(exit_.value.code, output.out, output.err)

    return run
