"""The conformance test of architectures finds what is wrong with one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Cost
from rnas.networks.residual import ResidualNetwork
from rnas.testing.architecture import ArchitectureConformance


class CountsTooLittle(ResidualNetwork):
    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        cost = super().cost(input_shape, num_classes)
        return Cost(cost.params, cost.flops - 1)


class WithoutSeed(ResidualNetwork):
    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        module = super().build(num_classes, input_shape)
        generator = torch.Generator()
        generator.seed()
        nn.init.normal_(module.get_parameter("fc.bias"), generator=generator)
        return module


class BatchStatistics(ResidualNetwork):
    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        module = super().build(num_classes, input_shape)
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.track_running_stats = False
                layer.running_mean = layer.running_var = None
        return module


class Constant(ResidualNetwork):
    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        return nn.Sequential(super().build(num_classes, input_shape), Detached())


class Detached(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach()


@dataclass(frozen=True)
class NotRegistered(ResidualNetwork):
    kind = "pyramid"


def conformance_of(cls: type[ResidualNetwork]) -> ArchitectureConformance:
    class Conformance(ArchitectureConformance):
        input_shape = (3, 8, 8)

        def architectures(self) -> Sequence[Architecture]:
            return [cls((1, 1), (4, 8)), cls((1, 2), (4, 8))]

    return Conformance()


@pytest.mark.parametrize(
    ("cls", "finding"),
    [
        (CountsTooLittle, "cost_is_that_of_the_built_network"),
        (WithoutSeed, "weights_follow_the_global_generator"),
        (BatchStatistics, "evaluation_changes_nothing"),
        (Constant, "training_reaches_the_weights"),
        (NotRegistered, "json_gives_the_architecture_back"),
    ],
)
def test_a_fault_is_found(cls: type[ResidualNetwork], finding: str) -> None:
    check = f"test_{finding}"
    getattr(conformance_of(ResidualNetwork), check)()
    with pytest.raises((AssertionError, ValueError, RuntimeError)):
        getattr(conformance_of(cls), check)()
