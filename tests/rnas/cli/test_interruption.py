"""Interrupts, by Ctrl-C and by SIGTERM."""

import io
import os
import signal
import time
from pathlib import Path

import pytest
import typer
from rich.console import Console

from rnas.cli.interruption import interruptible


def interrupted(number: signal.Signals, console: Console) -> None:
    with interruptible(console, "resume", Path("my run [1]")):
        os.kill(os.getpid(), number)
        time.sleep(10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_told_with_how_to_go_on(number: signal.Signals) -> None:
    text = io.StringIO()
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # A process that was started in the background ignores interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(typer.Exit) as left:
            interrupted(number, Console(file=text))
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert left.value.exit_code == 130
    assert text.getvalue() == "interrupted; go on with: rnas resume 'my run [1]'\n"
