import importlib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gpu"


def test_with_graphs_a_larger_network_has_no_more_launches_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    counts: Any = importlib.import_module("counts")
    small, large = (counts.of_network(counts.NETWORKS[name]()) for name in ("basic, 27 MFLOPs", "bottleneck"))
    assert small["step"] < large["step"]
    assert small["step_with_graphs"] == large["step_with_graphs"] < small["training_pass"]
    assert small["optimizer_and_average"] == large["optimizer_and_average"]
