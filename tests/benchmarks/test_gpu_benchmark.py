"""The check for a GPU, on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def checked(file: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "benchmarks/gpu/check.py", "--tiny", "--device", "cpu", "--json", str(file), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return dict(json.loads(file.read_text(encoding="utf-8"))["probes"])


@pytest.mark.slow
def test_probes_answer_and_one_that_takes_too_long_stops_no_other(tmp_path: Path) -> None:
    found = checked(tmp_path / "found.json", "--patience", "10", "agreement", "out_of_memory")
    assert found["agreement"]["found"]["pixels that differ"] == 0
    assert found["agreement"]["found"]["float32"]["images whose robustness differs"] == 0
    assert found["out_of_memory"] == {"skipped": "it needs a GPU"}
    late = checked(tmp_path / "late.json", "--patience", "0.005", "machine", "repeatable")
    assert [result["failed"] for result in late.values()] == ["it ran past its time limit"] * 2
