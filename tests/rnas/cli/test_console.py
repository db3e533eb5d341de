"""Text of files and of other people's code is printed as it is."""

import ast
import io
import re
import shutil
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

import rnas
from rnas.cli import main
from rnas.cli.console import PlainConsole, loading
from rnas.cli.progress import ProgressView
from rnas.nas.result import SearchResult

SOURCES = sorted(Path(rnas.__file__).parent.rglob("*.py"))
HOSTILE = "cannot open [/data/x], layer [conv1], [bold]b[/bold] :smile: \x1b[2J \x00 \udcff \u202e end"
SHOWN = "cannot open [/data/x], layer [conv1], [bold]b[/bold] :smile: \\x1b[2J \\x00 \\udcff \\u202e end"


@pytest.mark.parametrize(
    "renderable",
    [
        HOSTILE,
        Text(HOSTILE),
        Table(HOSTILE, box=None),
        Table("-" * 99, title=HOSTILE),
        Table("-" * 99, caption=HOSTILE),
    ],
    ids=["str", "Text", "heading", "title", "caption"],
)
def test_console_prints_text_as_text(renderable: object) -> None:
    console = PlainConsole(file=io.StringIO(), width=200)
    console.print(renderable)
    assert SHOWN in console.file.getvalue()


def test_progress_shows_messages_as_text() -> None:
    console = PlainConsole(file=io.StringIO(), width=400)
    with ProgressView(console) as view:
        view._bar.update(view._task, description="[/x]", count="[conv1]", left="[b]\x1b[2J")
        view.message(HOSTILE)
        console.print(view._bar)
    shown = console.file.getvalue()
    assert SHOWN in shown
    assert "\x1b" not in shown
    assert re.search(r"\[/x\].* \[conv1\] .*\[b\]", shown)


def test_only_one_module_makes_consoles() -> None:
    calls = {
        (path.parent.name, path.name, name)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in ("Console", "from_markup", "Panel")
    }
    assert not calls


def test_what_bypasses_the_console_prints_no_foreign_text() -> None:
    places = {
        str(path.relative_to(Path(rnas.__file__).parent))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("print", "echo")
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "print")
    }
    # These print JSON in ASCII, the text of a preset or a recipe, the version, or a line that is made visible.
    assert places == {
        "cli/__init__.py",
        "cli/console.py",
        "cli/presets.py",
        "cli/recipes.py",
        "exports/readers/run.py",
    }


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_everything_is_printed_in_any_encoding(
    finished_run: SearchResult, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finished_run.path is not None
    shutil.copytree(finished_run.path, tmp_path / "run")
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "argv", ["rnas", "report", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as exit_:
        main()
    out.flush()
    text = out.buffer.getvalue().decode(encoding)
    assert exit_.value.code == 0
    assert ("\u2191" if encoding == "utf-8" else "\\u2191") in text


def test_a_terminal_shows_that_something_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        text = io.StringIO()
        console = PlainConsole(file=text, force_terminal=terminal, width=100)
        monkeypatch.setattr("rnas.cli.console.stderr", lambda console=console: console)
        with loading():
            pass
        assert ("loading PyTorch, settings and data" in text.getvalue()) == terminal


def test_results_are_written_to_registered_listeners_as_well(command, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    words = ("search", "--space", "digits-bench", "--strategy", "random", "--budget", 3, "--output", tmp_path / "run")
    unknown = command(*words, "--track", "paper")
    assert unknown.code == 2
    assert "unknown listener 'paper'; known: mlflow, tensorboard, wandb" in unknown.err
    assert not (tmp_path / "run").exists()
    done = command(*words, "--track", "tensorboard")
    assert done.code == 0, done.err
    folders = [entry for entry in (tmp_path / "run" / "tensorboard").iterdir() if entry.is_dir()]
    assert len(folders) == 3
