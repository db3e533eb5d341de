"""Commands are imported when they are called, and what computes nothing does not wait for torch."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rnas import __version__
from rnas.cli import COMMANDS, app, with_options

SLOW = ("torch", "scipy", "sklearn", "optuna", "pymoo", "sqlalchemy", "pandas", "plotly")


def imported(words: list[str], environment: dict[str, str] | None = None) -> tuple[set[str], str]:
    """Names of the modules that a process of ``python -m rnas`` imports, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rnas", *words],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}, done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], "doctor"),
        (["zoo"], "robust-resnet-a1"),
        (["zoo", "robust-resnet-a1"], "structure"),
        (["spaces"], "digits-bench"),
        (["spaces", "robust-resnet"], "blocks_per_stage"),
        (["recipes"], "trades"),
        (["recipes", "sat-awp"], "weight_perturbation"),
        (["scale", "--help"], "--depth-to-width"),
        (["train", "--help"], "Passes over the training images"),
        (["tune", "--help"], "--trials"),
        (["search-cells", "--help"], "--derived-channels"),
        (["search", "--help"], "Seed of everything random"),
        (["compare", "--help"], "FLOPs to which every network is scaled"),
        (["replicate", "--help"], "Trainings of each cell"),
        (["fidelity", "--help"], "Bands of FLOPs"),
        (["test-rule", "--help"], "Budgets to test at"),
        (["evaluate", "--help"], "Seed of the attacks' noise"),
        (["simulate-cluster", "--help"], "Evaluations at once"),
    ],
)
def test_what_computes_nothing_imports_nothing_slow(words: list[str], expected: str) -> None:
    # Where no width is known, tables are as wide as they need; another test's terminal may be narrow.
    modules, output = imported(words, {"COLUMNS": "200"})
    assert "rnas.cli" in modules
    assert not modules & {*SLOW}
    assert expected in output


@pytest.mark.parametrize(
    ("typed", "expected"), [("rnas zo", "zoo"), ("rnas zoo --data", "--dataset"), ("rnas train --epo", "--epochs")]
)
def test_completion_imports_nothing_slow(typed: str, expected: str) -> None:
    last = str(typed.count(" "))
    modules, output = imported([], {"_RNAS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": last})
    assert not modules & {*SLOW}
    assert output.split() == [expected]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_has_help(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert f"{name} [OPTIONS]" in done.output


def test_a_line_of_help_fits_and_ends() -> None:
    listed = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    for name, line in COMMANDS.items():
        assert f"{name} " in listed
        assert line in listed


def test_the_version_is_written_once() -> None:
    import importlib.metadata

    assert importlib.metadata.version("rnas") == __version__
    assert CliRunner().invoke(app, ["--version"]).output == f"rnas {__version__}\n"


def test_fields_in_messages_become_options() -> None:
    options = {"data_dir": "--data-dir", "seeds": "--seeds", "data": "--data", "network": "network"}
    assert with_options("give data_dir, or seeds=3", options) == "give --data-dir, or --seeds 3"
    for text in ("data 'x' is unknown", "runs/data_dir.txt", "'data_dir'", "network=a", "the seeds=", "data_dir()"):
        assert with_options(text, options) == text
