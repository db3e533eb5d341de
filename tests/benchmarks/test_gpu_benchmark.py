"""The check for a GPU, on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def checked(file: Path, *words: str, code: int = 0) -> dict[str, Any]:
    command = [sys.executable, "benchmarks/gpu/check.py", "--tiny", "--device", "cpu", "--json", str(file), *words]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env={**environment, "OMP_NUM_THREADS": "1"}, cwd=ROOT, capture_output=True)
    assert done.returncode == code, done.stderr
    return dict(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_probes_answer_and_one_that_takes_too_long_stops_no_other(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    content = checked(file, "--patience", "10", "agreement", "out_of_memory")
    found = content["probes"]
    assert content["unanswered"]["agreement"] == "only a GPU tells whether CPU and GPU agree"
    assert content["unanswered"]["steps"] == "it did not run"
    assert found["agreement"]["found"]["pixels that differ"] == 0
    assert found["agreement"]["found"]["float32"]["images whose robustness differs"] == 0
    assert found["out_of_memory"] == {"skipped": "it needs a GPU"}
    # What is answered does not run again.
    late = checked(file, "--resume", "--patience", "0.005", "machine", "agreement", "repeatable", code=1)["probes"]
    assert late["agreement"] == found["agreement"]
    assert [late[name]["failed"] for name in ("machine", "repeatable")] == ["it ran past its time limit"] * 2
