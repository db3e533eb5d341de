"""Whole steps of a training as graphs, on a CPU by operations that are recorded and done again."""

from typing import Any

import pytest
import torch

from rnas.training import _cuda_graph as cuda_graph
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import TRAINING, coloured, network, plan
from tests.rnas.training.tape import TAPES, recorded

EMA = {"name": "ema", "decay": 0.9}
RECIPES: dict[str, tuple[dict[str, Any], int]] = {
    # Each with its number of graphs.
    "sat": ({"name": "short-sat", "averaging": EMA}, 2),
    "bfloat16": ({"name": "short-sat", "numerics": {"precision": "bfloat16"}}, 2),
    "without folding": ({"name": "short-sat", "numerics": {"folding": False}}, 2),
    "clean statistics": (
        {"name": "short-sat", "statistics": "both", "normalization_momentum": 0.2, "clip_norm": 1.0, "l1": 1e-5},
        3,
    ),
    "trades": ({"name": "trades"}, 2),
    "weight perturbation": ({"name": "short-sat", "weight_perturbation": {"gamma": 0.01, "start": 0.4}}, 3),
    "mixed images": ({"name": "short-sat", "cutmix": 1.0, "augmentation": ["crop", "flip", "cutout", "rotate"]}, 2),
}


def trained(
    recipe: dict[str, Any], graphs: bool, device: str = "cpu"
) -> tuple[list[dict[str, Any]], dict[str, torch.Tensor], str]:
    given = {**recipe, "numerics": {**recipe.get("numerics", {}), "cuda_graphs": graphs}}
    steps = plan(given, epochs=2, batch_size=40, attack_steps=2)
    training = Trainer(network(channels=3).to(device), coloured(TRAINING.first(120)).to(device), steps, 3)
    points = [{name: value for name, value in point.items() if name != "seconds"} for point in training.epochs()]
    return points, training.state(), training.graph_failure


@pytest.mark.parametrize(("recipe", "graphs"), RECIPES.values(), ids=list(RECIPES))
def test_a_training_in_graphs_is_bit_for_bit_the_one_without(
    recipe: dict[str, Any], graphs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(recipe, False)
    TAPES.clear()
    monkeypatch.setitem(cuda_graph.CAPTURES, "cpu", recorded)
    points, state, failure = trained(recipe, True)
    assert (points, failure) == (expected[0], "")
    assert state.keys() == expected[1].keys()
    for name, tensor in state.items():
        assert torch.equal(tensor, expected[1][name]), name
    assert len(TAPES) == graphs


def test_a_pass_that_cannot_be_captured_runs_without_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trained(RECIPES["sat"][0], False)
    model = network(channels=3)

    class Reading(type(model[2])):  # type: ignore[misc]
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            if self.training:
                maps.sum().item()
            return super().forward(maps)

    model[2].__class__ = Reading
    monkeypatch.setitem(cuda_graph.CAPTURES, "cpu", recorded)
    steps = plan({**RECIPES["sat"][0], "numerics": {"cuda_graphs": True}}, epochs=2, batch_size=40, attack_steps=2)
    training = Trainer(model, coloured(TRAINING.first(120)), steps, 3)
    losses = [point["loss"] for point in training.epochs()]
    assert losses == [point["loss"] for point in expected[0]]
    assert "_local_scalar_dense.default is not permitted in a capture" in training.graph_failure
    state = training.state()
    assert all(torch.equal(state[name], tensor) for name, tensor in expected[1].items())


@pytest.mark.gpu
@pytest.mark.parametrize("recipe", [recipe for recipe, _ in RECIPES.values()], ids=list(RECIPES))
def test_a_training_in_graphs_on_a_gpu_is_the_one_without(recipe: dict[str, Any]) -> None:
    points, _, failure = trained(recipe, True, "cuda")
    assert failure == ""
    expected, _, _ = trained(recipe, False, "cuda")
    assert [point["loss"] for point in points] == pytest.approx([point["loss"] for point in expected], rel=0.01)
