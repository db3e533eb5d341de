"""Interrupts, by Ctrl-C and by SIGTERM."""

import io
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from rich.console import Console

from rnas.cli.interruption import interruptible


def interrupted(number: signal.Signals, console: Console, *kept: Callable[[], str]) -> None:
    with interruptible(console, "resume", Path("my run [1]"), *kept):
        os.kill(os.getpid(), number)
        time.sleep(10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("kept", "told"), [((), ""), ((lambda: "",), ""), ((lambda: "3 evaluations kept",), " 3 evaluations kept;")]
)
def test_an_interrupt_says_how_to_resume(
    number: signal.Signals, kept: tuple[Callable[[], str], ...], told: str
) -> None:
    text = io.StringIO()
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # A process that was started in the background ignores interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(typer.Exit) as left:
            interrupted(number, Console(file=text), *kept)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert left.value.exit_code == 130
    assert text.getvalue() == f"interrupted;{told} resume with: rnas resume 'my run [1]'\n"
