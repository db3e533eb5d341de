"""All that trains, attacks and examines networks, on a device that finds tensors of another one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rnas import registry


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What the device tells; it stays for the whole process, hence one of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.rnas.pretended_device"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_no_tensor_is_on_the_wrong_device(found: dict[str, Any]) -> None:
    assert {name: error for name, error in found["errors"].items() if error} == {}
    recipes = {name.removeprefix("recipe ") for name in found["errors"] if name.startswith("recipe ")}
    assert set(registry.names(registry.RECIPES)) <= recipes


@pytest.mark.slow
def test_training_waits_for_the_device_once_in_sixteen_steps_and_at_the_end_of_an_epoch(found: dict[str, Any]) -> None:
    at_the_end, with_a_check = found["waits"]
    assert at_the_end == 4
    assert with_a_check == at_the_end + 1
