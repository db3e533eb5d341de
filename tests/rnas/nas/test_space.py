"""Sampling, bands and repair of any search space, on a toy whose costs are known."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import ENUMERABLE, SearchSpace, SpaceSettings, Variable, find_space
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Cost, Costs


@dataclass(frozen=True)
class Toy:
    """A description whose FLOPs are base^2 * scale, and params base + scale."""

    kind: ClassVar[str] = "toy"

    base: int
    scale: int
    colour: str

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        raise NotImplementedError

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        return Cost(self.base + self.scale, self.base**2 * self.scale)


class ToySpace(SearchSpace):
    """Where the scale is 1 the colour does not matter, and is the first."""

    name = "toy"
    summary = "a toy"
    base: ClassVar[tuple[int, ...]] = tuple(range(1, 41))

    def __init__(self, **options: Any) -> None:
        super().__init__(SpaceSettings(**options), (1, 8, 8), 10)

    def declare(self) -> tuple[Variable, ...]:
        return (
            Variable("base", self.base, ordered=True),
            Variable("scale", tuple(range(1, 21)), ordered=True),
            Variable("colour", ("red", "green", "blue")),
        )

    def values(self, genomes: Integers) -> list[np.ndarray]:
        return [np.array(v.choices)[genomes[:, i]] for i, v in enumerate(self.variables)]

    def canonical(self, genomes: Integers) -> Integers:
        genomes = genomes.copy()
        genomes[self.values(genomes)[1] == 1, 2] = 0
        return genomes

    def active(self, genome: Integers) -> np.ndarray:
        return np.array([True, True, self.values(genome[None])[1][0] != 1])

    def decode(self, genome: Integers) -> Architecture:
        base, scale, colour = (column[0] for column in self.values(self.canonical(genome[None])))
        return Toy(int(base), int(scale), str(colour))

    def encode(self, architecture: Architecture) -> Integers:
        assert isinstance(architecture, Toy)
        wanted = (architecture.base, architecture.scale, architecture.colour)
        pairs = zip(self.variables, wanted, strict=True)
        genome: Integers = np.array([variable.choices.index(value) for variable, value in pairs], dtype=np.int64)
        genome[:] = self.canonical(genome[None])[0]
        return genome

    def cost(self, genomes: Integers) -> Costs:
        base, scale, _ = self.values(genomes)
        return Costs(base + scale, base**2 * scale)

    def features(self, genomes: Integers) -> Floats:
        return genomes / np.maximum(self.sizes - 1, 1)


class LargeSpace(ToySpace):
    """Too large to be enumerated."""

    base = tuple(range(1, 501))


SPACES = [ToySpace, LargeSpace]


def test_one_is_enumerated_and_the_other_is_not() -> None:
    assert ToySpace().size == 2400
    assert LargeSpace().size > ENUMERABLE
    assert LargeSpace().enumeration is None
    everything = ToySpace().enumeration
    assert everything is not None
    assert len(everything) == 40 * 19 * 3 + 40


@pytest.mark.parametrize("space", SPACES)
def test_ranges_are_exact_where_one_change_at_a_time_finds_them(space: type[ToySpace]) -> None:
    most = space.base[-1]
    assert space().flops_range == (1, most**2 * 20)
    assert space().params_range == (2, most + 20)
    assert space(flops="100:400").flops_range == (100, 400)
    low, high = space(params=[10, 30]).flops_range
    assert low == 1 * 9 or low <= 36
    assert high == 20**2 * 10


@pytest.mark.parametrize("space", SPACES)
def test_samples_fill_the_strata(space: type[ToySpace]) -> None:
    sample = space().sample(30, np.random.default_rng(0))
    flops = np.sort(space().cost(sample).flops)
    low, high = space().flops_range
    edges = np.geomspace(low, high, 31)
    below = np.array([(flops <= edge).sum() for edge in edges[1:]])
    assert np.abs(below - np.arange(1, 31)).max() <= 3
    assert len(np.unique(sample[:, 2])) == 3


@pytest.mark.parametrize("space", SPACES)
def test_samples_come_in_random_order_and_by_the_generator(space: type[ToySpace]) -> None:
    first, again, other = (space().sample(30, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    flops = space().cost(first).flops
    assert (np.diff(flops) < 0).any()


def test_more_samples_than_genomes_repeat_them() -> None:
    space = ToySpace(narrow={"base": [1, 2], "scale": [1], "colour": ["red"]})
    sample = space.sample(5, np.random.default_rng(0))
    assert len(np.unique(sample, axis=0)) == 2


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SPACES), st.integers(0, 1000), st.integers(1, 300), st.integers(10, 2000))
def test_repair_ends_inside_and_keeps_what_is_inside(space: type[ToySpace], seed: int, low: int, width: int) -> None:
    banded = space(flops=[low, low + width])
    rng = np.random.default_rng(seed)
    genomes = rng.integers(0, banded.sizes, size=(30, 3))
    repaired = banded.repair(genomes, rng)
    flops = banded.cost(repaired).flops
    assert ((flops >= low) & (flops <= low + width)).all()
    canonical = banded.canonical(genomes)
    before = banded.cost(canonical).flops
    inside = (before >= low) & (before <= low + width)
    assert (repaired[inside] == canonical[inside]).all()


@pytest.mark.parametrize("space", SPACES)
def test_both_bands_hold_at_once(space: type[ToySpace]) -> None:
    banded = space(flops=[1000, 1100], params=[20, 24])
    rng = np.random.default_rng(0)
    for genomes in (banded.sample(20, rng), banded.repair(banded.uniform(20, rng), rng)):
        costs = banded.cost(genomes)
        assert ((costs.flops >= 1000) & (costs.flops <= 1100)).all()
        assert ((costs.params >= 20) & (costs.params <= 24)).all()


def test_repair_of_a_large_space_leaves_unordered_variables_alone() -> None:
    banded = LargeSpace(flops=[1000, 2000])
    rng = np.random.default_rng(0)
    genomes = rng.integers(0, banded.sizes, size=(60, 3))
    repaired = banded.repair(genomes, rng)
    scaled = banded.values(repaired)[1] > 1
    assert (repaired[scaled, 2] == banded.canonical(genomes)[scaled, 2]).mean() > 0.9


@pytest.mark.parametrize("space", SPACES)
def test_bands_without_genomes_are_refused_with_the_reach(space: type[ToySpace]) -> None:
    most = space.base[-1] ** 2 * 20
    reach = "1 to 32K" if space is ToySpace else "1 to 5M"
    with pytest.raises(InputError, match=rf"no architecture of space 'toy' has flops in .*it reaches flops of {reach}"):
        space(flops=[2 * most, 3 * most])
    with pytest.raises(InputError, match=r"params in 0:1;"):
        space(params=[0, 1])
    with pytest.raises(InputError, match=r"flops in 1:4 and params in 15:20;"):
        space(flops=[1, 4], params=[15, 20])
    # It has no settings of its own by which its networks would be smaller.
    with pytest.raises(InputError, match=r"flops in 0:0; .*: widen the band$"):
        space(flops=[0, 0])


def test_narrowing_keeps_the_order_of_the_choices() -> None:
    space = ToySpace(narrow={"base": [7, 3], "colour": ["blue"]})
    assert space.variables[0].choices == (3, 7)
    assert space.variables[0].ordered
    assert space.all_variables[0].choices == space.base
    assert space.size == 2 * 20 * 1
    assert space.parameters(Toy(7, 2, "blue")) == {"base": 7, "scale": 2, "colour": "blue"}
    assert space.parameters(Toy(7, 1, "blue")) == {"base": 7, "scale": 1}


@pytest.mark.parametrize(
    ("narrow", "message"),
    [
        ({"size": [1]}, "space 'toy' has no variable 'size'; it has base, scale, colour"),
        ({"colour": ["red", "red"]}, "variable 'colour' cannot be narrowed to .*; name each choice once"),
        ({"colour": ["pink"]}, "variable 'colour' cannot be narrowed to .*; its choices are red, green, blue$"),
        ({"colour": []}, "cannot be narrowed"),
    ],
)
def test_impossible_narrowing_is_refused(narrow: dict[str, list[Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ToySpace(narrow=narrow)


@pytest.mark.parametrize(
    "name", ["rnas.nas.space:SearchSpace", "tests.rnas.cli.scores:total_depth", "json:JSONDecoder"]
)
def test_what_is_no_class_of_a_space_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is not a search space"):
        find_space(name)
