"""Small spaces, and what NNI's trials run."""

import rnas.nas.nni  # noqa: F401  (before NNI itself: there its import is kept from warning)

# isort: split
from typing import Any

import nni
import torch
from nni.nas.evaluator import Evaluator
from nni.nas.execution import SequentialExecutionEngine
from torch import nn

from rnas.nas.nni import genome_of
from rnas.nas.nni._library import SimplifiedModelSpace, Strategy
from rnas.nas.nni.space import model_space
from rnas.nas.space import SearchSpace
from rnas.testing.strategy import toy_metrics, toy_space

TINY = {
    "base_channels": [4, 8, 16],
    "depths": [1, 2],
    "widths": [1, 2],
    "stem_width": [4],
    "topology": ["basic", "bottleneck", "robust-res-block"],
    "scales": [1, 2],
    "cardinality": [1, 2],
    "normalization": ["batch"],
    "activation": ["relu", "silu"],
    "squeeze_excitation": ["none", "residual"],
}


def cells(**settings: object) -> SearchSpace:
    return toy_space("nas-bench-201", **settings)


def residual(**settings: object) -> SearchSpace:
    return toy_space("robust-resnet", **{**TINY, **settings})


def params_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def fewer_params_are_better(network: nn.Module) -> None:
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    nni.report_final_result(-params_of(network) / 1e6)


class ToyAccuracy(Evaluator):  # type: ignore[misc]
    """Reports the accuracy that a network is said to have, without making it."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space

    def _execute(self, model: Any) -> None:
        genome = genome_of(self.space, model.sample)
        nni.report_final_result(float(toy_metrics(self.space, genome[None])["accuracy"][0]))


def searched(space: SearchSpace, strategy: Strategy, evaluator: Evaluator, models: int) -> list[Any]:
    """What NNI's sequential engine evaluated, in its order."""
    engine = SequentialExecutionEngine(max_model_count=models)
    strategy(SimplifiedModelSpace.from_model(model_space(space), evaluator), engine)
    return list(engine.list_models())
