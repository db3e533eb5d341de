"""Latency and memory of networks, measured before they are evaluated."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import rnas
from rnas.nas.evaluators.costs import CostSettings, LatencySettings
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task
from rnas.nas.evaluators.measured import Measured, milliseconds, peak_bytes
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork

SMALL = ResidualNetwork(depths=(1, 1, 1), channels=(4, 4, 4), stem_width=4)
SHAPE = (1, 8, 8)
THREE = [
    {"metric": "robust_accuracy", "direction": "maximize"},
    {"metric": "flops", "direction": "minimize"},
    {"metric": "latency_ms", "direction": "minimize"},
]


class Right:
    def evaluate(self, task: Task, context: Context) -> Evaluation:
        return Evaluation(Status.COMPLETE, metrics={"robust_accuracy": 0.5})


def measured(content: Mapping[str, Any]) -> Measured:
    return Measured(Right(), CostSettings.model_validate(content), SHAPE, 10, {})


def test_the_peak_of_a_chain_is_that_of_its_two_largest_neighbours() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 1, bias=False), nn.ReLU(), nn.Conv2d(8, 1, 1, bias=False))
    image, maps, weights = 64 * 4, 8 * 64 * 4, 16 * 4
    assert peak_bytes(network, torch.zeros(1, 1, 8, 8), "cpu") == image + weights + 2 * maps
    assert peak_bytes(network, torch.zeros(3, 1, 8, 8), "cpu") == 3 * (image + 2 * maps) + weights


@pytest.mark.parametrize("runtime", ["eager", "onnx"])
def test_every_repetition_is_timed_and_torch_is_left_as_it_was(runtime: Any) -> None:
    if runtime == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    settings = LatencySettings(repetitions=5, runtime=runtime, threads=2)
    network = SMALL.build(10, SHAPE)
    torch.set_rng_state(state)
    times = milliseconds(network, torch.zeros(2, *SHAPE), "cpu", settings)
    assert len(times) == 5
    assert min(times) > 0
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_an_evaluation_holds_what_was_measured_with_its_spread() -> None:
    evaluation = measured({"latency_ms": {"repetitions": 5}, "peak_memory_mb": {"batch_size": 2}}).evaluate(
        Task(SMALL, 0), Context()
    )
    costs = evaluation.provenance["costs"]
    low, high = costs["latency_ms"]["quartiles"]
    assert low <= evaluation.metrics["latency_ms"] == costs["latency_ms"]["median"] <= high
    assert evaluation.metrics["peak_memory_mb"] == costs["peak_memory_mb"]["median"] > 0
    assert costs["latency_ms"]["threads"] == 1
    assert evaluation.metrics["robust_accuracy"] == 0.5


def test_a_network_outside_its_band_is_not_evaluated() -> None:
    evaluation = measured({"peak_memory_mb": {"band": ":0.001"}}).evaluate(Task(SMALL, 0), Context())
    assert evaluation.status is Status.FAILED
    assert "outside its band :0.001: it was not evaluated" in evaluation.reason
    assert not evaluation.metrics


def test_what_is_known_is_not_measured_again() -> None:
    known = {"latency_ms": {"median": 7.0, "quartiles": [7.0, 7.0]}}
    again = replace(measured({"latency_ms": {"band": ":1"}}), measured={arch.key(SMALL): known})
    assert again.evaluate(Task(SMALL, 0), Context()).metrics["latency_ms"] == 7.0


def test_a_search_of_three_objectives_sees_the_same_latencies_after_it_is_resumed(tmp_path: Path) -> None:
    costs = {"latency_ms": {"repetitions": 5}}
    first = rnas.search(
        space="digits-bench",
        strategy="random",
        objectives=THREE,
        costs=costs,
        budget=6,
        workers=0,
        output=tmp_path / "a",
    )
    again = rnas.resume(tmp_path / "a", budget=10)
    assert [record.evaluation for record in again.records[:6]] == [record.evaluation for record in first.records]
    assert len(again.records) == 10
    assert all(record.metrics["latency_ms"] > 0 for record in again.complete)
    assert np.isfinite(again.hypervolume()).all()
    assert again.hypervolume()[-1] > 0
    assert any("latency_ms is the median" in note for note in again.to_dict()["notes"])
    assert Search.open(tmp_path / "a").bounds["latency_ms"] == (0.0, float("inf"))
