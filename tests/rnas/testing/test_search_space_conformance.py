"""The conformance test of search spaces finds what is wrong with a space."""

from typing import Any

import numpy as np
import pytest

from rnas.nas.space import Floats
from rnas.networks.architecture import Architecture
from rnas.networks.cost import Costs, Integers
from rnas.networks.residual import ResidualNetwork
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.wide_resnet import DepthGrid, DepthSettings


class Sound(DepthGrid):
    """A space without a fault."""


class ForgetsTheLastStage(DepthGrid):
    def canonical(self, genomes: Integers) -> Integers:
        genomes = genomes.copy()
        genomes[:, -1] = 0
        return genomes

    def decode(self, genome: Integers) -> ResidualNetwork:
        return ResidualNetwork(tuple(self.depths(genome[None])[0].tolist()), (160, 320, 640))


class ChangesItsArgument(DepthGrid):
    def canonical(self, genomes: Integers) -> Integers:
        genomes[:, 0] = 0
        return genomes


class NeverSettles(DepthGrid):
    def canonical(self, genomes: Integers) -> Integers:
        return (genomes + 1) % self.sizes


class EstimatesCost(DepthGrid):
    def cost(self, genomes: Integers) -> Costs:
        costs = super().cost(genomes)
        return Costs(costs.params, costs.flops // 1000 * 1000)


class MiscountsItsLargest(DepthGrid):
    def cost(self, genomes: Integers) -> Costs:
        costs = super().cost(genomes)
        largest = (genomes == np.array(self.sizes) - 1).all(axis=1)
        return Costs(costs.params + largest, costs.flops)


class EncodesAnything(DepthGrid):
    def encode(self, architecture: Architecture) -> Integers:
        return np.zeros(len(self.variables), dtype=np.int64)


class SeesTheFirstStageAlone(DepthGrid):
    def features(self, genomes: Integers) -> Floats:
        return super().features(genomes)[:, :1]


class FeaturesOfTheBatch(DepthGrid):
    def features(self, genomes: Integers) -> Floats:
        return super().features(genomes) - super().features(genomes).mean(axis=0) / 10


class CrowdsOneCost(DepthGrid):
    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        return np.repeat(self.uniform(1, rng), n, axis=0)


class IgnoresItsGenerator(DepthGrid):
    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        return super().sample(n, np.random.default_rng())


class SoftBands(DepthGrid):
    def repair(self, genomes: Integers, rng: np.random.Generator) -> Integers:
        return self.canonical(genomes)


class NoBands(DepthGrid):
    def _check_bands(self) -> None:
        pass


def conformance_of(space: type[DepthGrid]) -> dict[str, Any]:
    class Conformance(SearchSpaceConformance):
        built = 1

        def make(self, **settings: Any) -> DepthGrid:
            return space(DepthSettings(**settings), (3, 32, 32), 10)

    kit = Conformance()
    return {name: getattr(kit, name) for name in dir(kit) if name.startswith("test_")}


def test_a_sound_space_passes() -> None:
    for check in conformance_of(Sound).values():
        check()


@pytest.mark.parametrize(
    ("space", "finding"),
    [
        (ForgetsTheLastStage, "one_architecture_has_one_canonical_genome"),
        (ChangesItsArgument, "canonical_form_is_final"),
        (NeverSettles, "canonical_form_is_final"),
        (EstimatesCost, "cost_is_that_of_the_architecture"),
        (MiscountsItsLargest, "cost_is_that_of_the_architecture"),
        (EncodesAnything, "one_architecture_has_one_canonical_genome"),
        (SeesTheFirstStageAlone, "features_are_a_function_of_the_architecture"),
        (FeaturesOfTheBatch, "features_are_a_function_of_the_architecture"),
        (CrowdsOneCost, "samples_are_spread_over_the_cost"),
        (IgnoresItsGenerator, "samples_are_spread_over_the_cost"),
        (SoftBands, "bands_are_hard"),
        (NoBands, "a_band_without_architectures_is_refused"),
    ],
)
def test_a_fault_is_found(space: type[DepthGrid], finding: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        conformance_of(space)[f"test_{finding}"]()
