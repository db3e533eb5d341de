"""The space robust-resnet: conformance in several shapes and settings, and the rules of its canonical form."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.robust_resnet import ARCHITECTURES as ROBUST_RESNETS
from baselines.wide_resnet import ARCHITECTURES as WIDE_RESNETS
from rnas._typing import Integers
from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.block import Block
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.residual import ResidualNetwork
from rnas.networks.vgg import VGG
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace

DIGITS = (1, 8, 8)
SMALL = {"depths": (1, 2, 3), "widths": (0.25, 0.5, 1)}


def make(shape: Shape = (3, 32, 32), **settings: Any) -> RobustResNetSpace:
    return RobustResNetSpace(RobustResNetSettings(**settings), shape, 10)


def genome_of(space: RobustResNetSpace, **values: Any) -> Integers:
    """A genome with these values, and elsewhere the first choices."""
    genome = np.zeros(len(space.variables), dtype=np.int64)
    for index, variable in enumerate(space.variables):
        if variable.name in values:
            genome[index] = variable.choices.index(values[variable.name])
    return genome


class TestDefault(SearchSpaceConformance):
    built = 2

    def make(self, **settings: Any) -> RobustResNetSpace:
        return make(**settings)


class TestDigits(SearchSpaceConformance):
    def make(self, **settings: Any) -> RobustResNetSpace:
        return make(DIGITS, **SMALL, **settings)


class TestBlocksPerStage(SearchSpaceConformance):
    def make(self, **settings: Any) -> RobustResNetSpace:
        return make((3, 20, 28), stages=4, blocks_per_stage=True, **SMALL, **settings)


class TestWithoutBottleneck(SearchSpaceConformance):
    """A RobustResBlock then stands for the bottleneck, and instance normalisation cannot run."""

    def make(self, **settings: Any) -> RobustResNetSpace:
        topology = ("robust-res-block", "basic", "no-residual")
        return make((3, 4, 4), upsample=1, topology=topology, **SMALL, **settings)


class TestEnumerated(SearchSpaceConformance):
    def make(self, **settings: Any) -> RobustResNetSpace:
        fixed = {"stem_width": (16,), "first_input": ("raw",), "kernel_size": (3,), "normalization": ("batch",)}
        fixed |= {"activation": ("relu", "silu"), "order": ("pre",), "cardinality": (1, 4), "scales": (1, 8)}
        topology = ("basic", "bottleneck", "robust-res-block")
        return make(DIGITS, stages=2, topology=topology, **SMALL, **fixed, **settings)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 4),
    st.booleans(),
    st.tuples(st.integers(1, 3), st.integers(8, 40), st.integers(8, 40)),
)
def test_cost_is_what_the_built_network_needs(seed: int, stages: int, per_stage: bool, shape: Shape) -> None:
    check_cost(seed, stages, per_stage, shape, count=2)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 4),
    st.booleans(),
    st.tuples(st.integers(1, 3), st.integers(4, 70), st.integers(4, 70)),
)
def test_cost_of_many_genomes(seed: int, stages: int, per_stage: bool, shape: Shape) -> None:
    check_cost(seed, stages, per_stage, shape, count=4)


def check_cost(seed: int, stages: int, per_stage: bool, shape: Shape, count: int) -> None:
    space = make(shape, stages=stages, blocks_per_stage=per_stage, depths=(1, 2, 3), widths=(0.25, 0.5, 1, 3, 8))
    genomes = np.random.default_rng(seed).integers(0, space.sizes, size=(count, len(space.sizes)))
    costs = space.cost(genomes)
    for genome, params, flops in zip(genomes, costs.params, costs.flops, strict=True):
        with torch.device("meta"):
            module = space.decode(genome).build(space.num_classes, shape)
        built = measured_cost(module, shape)
        assert (built.params, built.flops) == (params, flops)


@pytest.mark.parametrize("name", [*WIDE_RESNETS, *ROBUST_RESNETS])
def test_the_published_networks_are_in_the_space(name: str) -> None:
    network = (WIDE_RESNETS | ROBUST_RESNETS)[name]
    space = make()
    assert space.decode(space.encode(network)) == network


@pytest.mark.parametrize(
    ("shape", "stages", "upsample"),
    [
        ((1, 8, 8), 3, 2),
        ((1, 8, 8), 2, 1),
        ((1, 8, 8), 4, 4),
        ((3, 32, 32), 3, 1),
        ((3, 32, 32), 4, 1),
        ((3, 9, 40), 3, 2),
    ],
)
def test_images_are_enlarged_until_the_last_maps_are_four_by_four(shape: Shape, stages: int, upsample: int) -> None:
    assert make(shape, stages=stages).upsample == upsample
    assert make(shape, stages=stages, upsample=3).upsample == 3


def test_variables_of_a_shared_block_and_of_one_each() -> None:
    shared = [variable.name for variable in make(stages=2).variables]
    assert shared[:5] == ["depth1", "depth2", "width1", "width2", "stem_width"]
    assert shared[5:] == [
        "topology",
        "order",
        "first_input",
        "kernel_size",
        "cardinality",
        "scales",
        "squeeze_excitation",
        "reduction",
        "activation",
        "normalization",
    ]
    each = [variable.name for variable in make(stages=2, blocks_per_stage=True).variables]
    assert each == shared[:5] + [f"{name}{stage}" for stage in (1, 2) for name in shared[5:]]


def test_a_robust_res_block_of_one_path_is_the_bottleneck() -> None:
    space = make()
    path = genome_of(space, topology="robust-res-block", scales=1, cardinality=1)
    assert (space.canonical(path[None])[0] == genome_of(space, topology="bottleneck")).all()
    only = make(topology=("robust-res-block", "basic"))
    network = only.decode(genome_of(only, topology="robust-res-block", scales=1, cardinality=1))
    assert network.blocks == (Block(topology="bottleneck"),)
    assert only.parameters(network)["topology"] == "robust-res-block"


def test_base_width_follows_from_scales_and_cardinality() -> None:
    space = make()
    for scales, cardinality, base_width in ((1, 4, 60), (8, 1, 35), (8, 4, 10)):
        genome = genome_of(space, topology="robust-res-block", scales=scales, cardinality=cardinality)
        assert space.decode(genome).blocks[0].base_width == base_width
    foreign = ResidualNetwork((1, 1, 1), (16, 32, 64), (Block(topology="robust-res-block", scales=8, base_width=64),))
    with pytest.raises(InputError, match="space 'robust-resnet' lacks"):
        space.encode(foreign)


def test_instance_normalization_is_replaced_where_maps_are_single_positions() -> None:
    space = make((3, 4, 4), upsample=1, normalization=("group", "instance", "batch"))
    genome = genome_of(space, normalization="instance")
    assert space.decode(genome).blocks[0].normalization == "group"
    per_stage = make((3, 4, 4), upsample=1, blocks_per_stage=True)
    genome = genome_of(per_stage, **{f"normalization{stage}": "instance" for stage in (1, 2, 3)})
    assert [b.normalization for b in per_stage.decode(genome).stage_blocks] == ["instance", "instance", "batch"]
    for options in ({"normalization": ("instance",)}, {"narrow": {"normalization": ["instance"]}}):
        with pytest.raises(InputError, match="1x1"):
            make((3, 4, 4), upsample=1, **options)


def test_a_gate_on_a_missing_identity_is_replaced() -> None:
    space = make(squeeze_excitation=("standard", "identity", "none"))
    genome = genome_of(space, topology="no-residual", squeeze_excitation="identity")
    assert space.decode(genome).blocks[0].squeeze_excitation == "standard"
    with pytest.raises(InputError, match="no-residual has no place"):
        make(narrow={"squeeze_excitation": ["identity"]})
    make(topology=("basic",), squeeze_excitation=("identity",))


def test_reductions_that_give_the_same_hidden_units_are_one() -> None:
    space = make(DIGITS, **SMALL, squeeze_excitation=("standard",))
    narrow = {"width1": 0.25, "width2": 0.25, "width3": 0.25}  # 4, 8 and 16 channels: one hidden unit at 16 and at 64
    small = genome_of(space, topology="basic", reduction=64, **narrow)
    assert space.decode(small).blocks[0].reduction == 16
    wide = genome_of(space, topology="basic", reduction=64, **narrow | {"width3": 0.5})
    assert space.decode(wide).blocks[0].reduction == 64
    gated = Block(squeeze_excitation="standard", reduction=64)
    described_otherwise = ResidualNetwork((1, 1, 1), (4, 8, 16), (gated,), upsample=2)
    assert (space.encode(described_otherwise) == space.canonical(small[None])[0]).all()


def test_a_single_choice_is_no_variable() -> None:
    space = make(kernel_size=(3,), activation=("silu",), depths=(2,))
    names = [variable.name for variable in space.variables]
    assert not {"kernel_size", "activation", "depth1"} & set(names)
    network = space.decode(np.zeros(len(names), dtype=np.int64))
    assert network.depths == (2, 2, 2)
    assert network.blocks[0].activation == "silu"
    with pytest.raises(InputError, match="does not contain activation relu; it contains silu"):
        space.encode(ResidualNetwork((2, 2, 2), (16, 32, 64)))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (ResidualNetwork((1, 1), (16, 32)), "residual networks of 3 stages"),
        (ResidualNetwork((99, 1, 1), (16, 32, 64)), "does not contain depth1 99"),
        (ResidualNetwork((1, 1, 1), (16, 32, 65)), "does not contain width3 1.015625"),
        (ResidualNetwork((1, 1, 1), (16, 32, 64), stem_width=7), "does not contain stem_width 7"),
        (ResidualNetwork((1, 1, 1), (16, 32, 64), upsample=2), "the nearest is"),
        (ResidualNetwork((1, 1, 1), (16, 32, 64), head_activation="mish"), "the nearest is"),
        (ResidualNetwork((1, 1, 1), (16, 32, 64), (Block(kernel_size=9),)), "does not contain kernel_size 9"),
        (
            ResidualNetwork((1, 1, 1), (16, 32, 64), (Block(), Block(), Block(kernel_size=5))),
            "set blocks_per_stage for one each",
        ),
    ],
)
def test_foreign_networks_are_refused(network: ResidualNetwork, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make().encode(network)


def test_networks_of_other_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="contains residual networks"):
        make().encode(VGG())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stages": 5}, "stages"),
        ({"depths": ()}, "depths"),
        ({"depths": (0, 1)}, "depths"),
        ({"depths": (2, 1)}, "ascending"),
        ({"depths": (1, 1)}, "different"),
        ({"widths": (0.3,)}, "not a whole number"),
        ({"base_channels": (16, 32)}, "base_channels"),
        ({"base_channels": (8, 16, 32, 64)}, "base_channels has 4 values for 3 stages"),
        ({"topology": ("pyramid",)}, "unknown block 'pyramid'"),
        ({"activation": ("relu", "sigmoid")}, "activation is 'sigmoid'"),
        ({"kernel_size": (2, 3)}, "odd"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RobustResNetSettings(**settings)


def test_features_are_named_by_meaning() -> None:
    """One column a choice of an unordered variable, one an ordered one, then cost and shares."""
    space = make(DIGITS, **SMALL, stages=2, topology=("basic", "bottleneck"), scales=(1,), cardinality=(1,))
    widths = [1 if v.ordered else len(v.choices) for v in space.variables]
    features = space.features(genome_of(space, depth1=3, width2=1, topology="bottleneck")[None])[0]
    assert len(features) == sum(widths) + 2 + 2 + 2 + 1
    assert features[:4].tolist() == [1, 0, 0, 1]
    assert features[-5:].tolist() == pytest.approx([3 / 4, 1 / 4, 0.2, 0.8, 4 / 5.25])
    inactive = sum(widths[: [v.name for v in space.variables].index("reduction")])
    assert features[inactive] == 0


def test_narrowing_to_other_choices_says_where_the_choices_are_set() -> None:
    with pytest.raises(
        InputError, match=r"narrowed to \['mine'\]; its choices are basic, .*; space\.topology sets them$"
    ):
        make(narrow={"topology": ["mine"]})
    with pytest.raises(InputError, match=r"narrowed to \[99\]; its choices are [\d, ]+$"):
        make(narrow={"depth1": [99]})


def test_samples_of_a_narrow_band_keep_every_topology() -> None:
    space = make(flops="150M:250M")
    sample = space.sample(60, np.random.default_rng(0))
    column = [variable.name for variable in space.variables].index("topology")
    counts = np.bincount(sample[:, column], minlength=5)
    assert counts.min() >= 4
    assert counts.max() <= 30
