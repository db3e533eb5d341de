"""A search on two workers, killed at random instants and resumed, ends as the uninterrupted one."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.experiment import LEDGER
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from tests.launcher import COMMAND, Program, run

CONFIG = {
    "space": {
        "name": "robust-resnet",
        "narrow": {
            "topology": ["basic", "bottleneck"],
            "order": ["pre"],
            "kernel_size": [3],
            "normalization": ["batch"],
            "activation": ["relu", "silu"],
            "squeeze_excitation": ["none", "residual"],
        },
        "base_channels": [4, 8, 16],
        "stem_width": [4],
        "depths": [1, 2],
        "widths": [1, 2],
    },
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 96, "search_val": 50, "test": 50},
            "fidelity": {"epochs": 1, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "evaluation": {"steps": 2, "step": "1/2"},
        }
    },
    "strategy": {"name": "surrogate-nsga2", "initial": 5},
    "budget": 10,
    "batch_size": 3,
    "workers": 2,
}


def essence(result: SearchResult) -> list[Any]:
    """All of a run but its seconds."""
    return [
        (
            record.number,
            record.architecture,
            record.seed,
            record.fidelity,
            record.batch,
            record.num_observed,
            record.predictions,
            record.status,
            record.metrics,
            [{name: value for name, value in point.items() if name != "seconds"} for point in record.evaluation.curve],
        )
        for record in result.records
    ]


def workers_in(session: int) -> list[int]:
    """Processes that still run in a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def wait_until_gone(session: int, seconds: float = 60.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while workers_in(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return workers_in(session)


def recorded(path: Path) -> int:
    """Return the number of complete evaluations in the ledger of a search that runs."""
    with closing(sqlite3.connect(f"file:{path / LEDGER}?mode=ro", uri=True)) as ledger:
        return int(ledger.execute("select count(*) from trials where state = 'COMPLETE'").fetchone()[0])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture(scope="module")
def uninterrupted(config: Path) -> SearchResult:
    path = config.parent / "whole"
    # As a shell starts it, in a new process.
    program = [sys.executable, "-c", "from rnas.cli import main; main()"]
    subprocess.run([*program, "search", config, "--output", path], check=True, capture_output=True)
    return Search.open(path).result()


@pytest.mark.slow
def test_killed_again_and_again_and_resumed(config: Path, uninterrupted: SearchResult, tmp_path: Path) -> None:
    path = tmp_path / "killed"
    instants = random.Random(0)
    command: list[object] = ["search", config, "--output", path]
    # In the initial design, and after the surrogate has proposed.
    for number in (1, 7):
        driver = Program(COMMAND, *command)
        # From the first line on the run is there.
        assert driver.stderr.readline(), driver.stderr.read()
        while recorded(path) < number:
            assert driver.poll() is None, driver.communicate()
            time.sleep(0.05)
        time.sleep(instants.uniform(0.0, 0.3))
        driver.kill()
        assert wait_until_gone(driver.pid) == []
        assert driver.returncode == -signal.SIGKILL, "it ended before it was killed: make the search longer"
        command = ["resume", path]
    run(COMMAND, "resume", path)
    assert essence(Search.open(path).result()) == essence(uninterrupted)


@pytest.mark.slow
def test_interrupted_it_says_how_to_go_on_and_extends(
    config: Path, uninterrupted: SearchResult, tmp_path: Path
) -> None:
    path = tmp_path / "interrupted"
    driver = Program(COMMAND, "search", config, "--output", path, "--budget", 7)
    first = driver.stderr.readline()
    assert "7 evaluations, 2 at once" in first
    driver.stderr.readline()
    # As a terminal does it: to the driver and its workers alike.
    os.killpg(driver.pid, signal.SIGINT)
    _, rest = driver.communicate()
    assert driver.returncode == 130
    last = rest.strip().splitlines()[-1]
    assert re.fullmatch(rf"interrupted; \d+ evaluations? kept; resume with: rnas resume {re.escape(str(path))}", last)
    assert "Traceback" not in rest
    assert wait_until_gone(driver.pid) == []

    run(COMMAND, "resume", path)
    assert len(Search.open(path).result().records) == 7
    run(COMMAND, "resume", path, "--budget", 10)
    assert essence(Search.open(path).result()) == essence(uninterrupted)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_search(config: Path, uninterrupted: SearchResult, tmp_path: Path) -> None:
    run(COMMAND, "search", config, "--output", tmp_path / "again", "--workers", 1)
    again = Search.open(tmp_path / "again").result()
    assert essence(again) == essence(uninterrupted)
    assert [record.key for record in again.front()] == [record.key for record in uninterrupted.front()]
