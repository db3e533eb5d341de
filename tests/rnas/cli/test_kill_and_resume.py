"""A search on two workers, killed at random instants and resumed, ends as the uninterrupted one."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.nas.result import SearchResult
from rnas.nas.search import Search

PROGRAM = [sys.executable, "-c", "from rnas.cli import main; main()"]
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
            "images": {"train": 128, "search_val": 50, "test": 50},
            "fidelity": {"epochs": 2, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "evaluation": {"steps": 2, "step": "1/2"},
        }
    },
    "strategy": {"name": "surrogate-nsga2", "initial": 6},
    "budget": 18,
    "batch_size": 3,
    "workers": 2,
}


def essence(run: SearchResult) -> list[Any]:
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
        for record in run.records
    ]


def heed_interrupts() -> None:
    """What runs tests may ignore Ctrl-C, and what it starts inherits that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture(scope="module")
def uninterrupted(config: Path) -> SearchResult:
    path = config.parent / "whole"
    subprocess.run([*PROGRAM, "search", config, "--output", path], check=True, capture_output=True)
    return Search.open(path).result()


@pytest.mark.slow
def test_killed_five_times_and_resumed(config: Path, uninterrupted: SearchResult, tmp_path: Path) -> None:
    path = tmp_path / "killed"
    instants = random.Random(0)
    kills = 0
    command = ["search", config, "--output", path]
    while kills < 3:
        driver = subprocess.Popen(
            [*PROGRAM, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        # From the first line on the run is there; instants fall on every stage of the search.
        assert driver.stderr.readline(), driver.stderr.read()
        try:
            driver.wait(timeout=instants.uniform(0.5, 5.0))
        except subprocess.TimeoutExpired:
            driver.send_signal(signal.SIGKILL)
            driver.wait()
        assert wait_until_gone(driver.pid) == []
        driver.stderr.close()
        assert driver.returncode == -signal.SIGKILL, "it ended before it was killed: make the search longer"
        kills += 1
        command = ["resume", path]
    subprocess.run([*PROGRAM, "resume", path], check=True, capture_output=True)
    assert essence(Search.open(path).result()) == essence(uninterrupted)


@pytest.mark.slow
def test_interrupted_it_says_how_to_go_on_and_extends(
    config: Path, uninterrupted: SearchResult, tmp_path: Path
) -> None:
    path = tmp_path / "interrupted"
    driver = subprocess.Popen(
        [*PROGRAM, "search", config, "--output", path, "--budget", "11"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    first = driver.stderr.readline()
    assert "11 evaluations, 2 at once" in first
    driver.stderr.readline()
    # As a terminal does it: to the driver and its workers alike.
    os.killpg(driver.pid, signal.SIGINT)
    _, rest = driver.communicate(timeout=120)
    assert driver.returncode == 130
    last = rest.strip().splitlines()[-1]
    assert re.fullmatch(rf"interrupted; \d+ evaluations? kept; resume with: rnas resume {re.escape(str(path))}", last)
    assert "Traceback" not in rest
    assert wait_until_gone(driver.pid) == []

    subprocess.run([*PROGRAM, "resume", path], check=True, capture_output=True)
    assert len(Search.open(path).result().records) == 11
    subprocess.run([*PROGRAM, "resume", path, "--budget", "18"], check=True, capture_output=True)
    assert essence(Search.open(path).result()) == essence(uninterrupted)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_search(config: Path, uninterrupted: SearchResult, tmp_path: Path) -> None:
    subprocess.run(
        [*PROGRAM, "search", config, "--output", tmp_path / "again", "--workers", "1"], check=True, capture_output=True
    )
    again = Search.open(tmp_path / "again").result()
    assert essence(again) == essence(uninterrupted)
    assert [record.key for record in again.front()] == [record.key for record in uninterrupted.front()]
