"""Interrupts of commands that can be resumed."""

import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console

_INTERRUPTED = 130


@contextmanager
def interruptible(console: Console, command: str, path: Path, kept: Callable[[], str] = lambda: "") -> Iterator[None]:
    """End the process at Ctrl-C and SIGTERM within the block, with code 130 and a line that says how to resume.

    Args:
        console: where to write that line.
        command: that resumes, such as ``resume``.
        path: of the directory that it takes.
        kept: says what is kept, such as ``3 evaluations kept``; empty where that is not counted.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        words = "; ".join(filter(None, ("interrupted", kept())))
        line = f"{words}; resume with: rnas {command} {shlex.quote(str(path))}"
        console.print(line, soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
