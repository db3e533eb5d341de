"""Properties that every published network shares, on random descriptions: exact cost, training, round trip."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnas.networks._cell_operations import OPERATIONS
from rnas.networks.architecture import Architecture, from_json, key, to_json
from rnas.networks.darts_cells import DartsCellNetwork, repeated_cells
from rnas.networks.densenet import DenseNet
from rnas.networks.genotypes import GENOTYPES, CellGenotype
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG
from rnas.testing.architecture import ArchitectureConformance

SMALL = st.integers(1, 6)
EVEN = st.integers(1, 4).map(lambda half: 2 * half)
ROBNET_CODE = st.text("01", min_size=28, max_size=28)


@st.composite
def genotypes(draw: st.DrawFn) -> CellGenotype:
    nodes = []
    for node in range(2, 2 + draw(st.integers(1, 5))):
        edge = st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, node - 1))
        nodes.append((draw(edge), draw(edge)))
    own = range(2, 2 + len(nodes))
    concat = draw(st.lists(st.sampled_from(own), min_size=1, unique=True))
    return CellGenotype(tuple(nodes), tuple(concat))


@st.composite
def robnets(draw: st.DrawFn) -> RobNetwork:
    layers = draw(st.integers(4, 8))
    number = draw(st.sampled_from([1, layers]))
    codes = draw(st.lists(ROBNET_CODE, min_size=number, max_size=number))
    return RobNetwork(tuple(codes), layers, draw(EVEN), draw(st.sampled_from(["cifar", "imagenet"])))


@st.composite
def staged(draw: st.DrawFn) -> Architecture:
    stages = draw(st.integers(1, 4))
    depths, channels = (tuple(draw(st.lists(SMALL, min_size=stages, max_size=stages))) for _ in range(2))
    if draw(st.booleans()):
        return DenseNet(depths, channels, draw(SMALL))
    return ResNet(draw(st.sampled_from(["basic", "bottleneck"])), depths, channels)


CELLS = st.builds(
    DartsCellNetwork,
    normal=genotypes(),
    reduction=genotypes(),
    layers=st.integers(4, 9),
    channels=st.tuples(SMALL, EVEN, EVEN),
    stem_channels=SMALL,
)
VGGS = st.lists(st.lists(SMALL, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(
    lambda stages: VGG(tuple(stages))
)
# Sides that every network can halve as often as it does, the ImageNet stem included, not square as a rule.
SHAPES = st.tuples(st.integers(1, 3), *[st.integers(1, 2).map(lambda side: 32 * side)] * 2)
ANY_SHAPES = st.tuples(st.integers(1, 3), st.integers(8, 40), st.integers(8, 40))


@settings(max_examples=10, deadline=None)
@given(CELLS | robnets(), SHAPES, st.integers(1, 20))
def test_cost_of_cells_is_what_the_built_network_needs(
    network: Architecture, shape: tuple[int, int, int], classes: int
) -> None:
    check_cost(network, shape, classes)


@settings(max_examples=20, deadline=None)
@given(VGGS | staged(), ANY_SHAPES, st.integers(1, 20))
def test_cost_of_staged_networks_is_what_the_built_network_needs(
    network: Architecture, shape: tuple[int, int, int], classes: int
) -> None:
    check_cost(network, shape, classes)


def check_cost(network: Architecture, shape: tuple[int, int, int], classes: int) -> None:
    with torch.device("meta"):
        module = network.build(classes, shape)
        assert module(torch.rand(2, *shape)).shape == (2, classes)
    assert network.cost(shape, classes) == measured_cost(module, shape)


@settings(max_examples=60, deadline=None)
@given(CELLS | robnets() | VGGS | staged())
def test_json_round_trip(network: Architecture) -> None:
    again = from_json(to_json(network))
    assert again == network
    assert key(again) == key(network)


class TestDartsCells(ArchitectureConformance):
    def architectures(self) -> list[Architecture]:
        return [
            DartsCellNetwork(layers=5, channels=(4, 8, 6), stem_channels=5),
            repeated_cells(GENOTYPES["amoebanet"], 1, 2),
        ]


class TestRobNet(ArchitectureConformance):
    def architectures(self) -> list[Architecture]:
        return [RobNetwork(("11" * 14,), layers=5, channels=4), RobNetwork(CODES["free"][:4], layers=4, channels=4)]


class TestRobNetWithImageNetStem(ArchitectureConformance):
    input_shape = (3, 64, 96)

    def architectures(self) -> list[Architecture]:
        return [RobNetwork((code,), layers=4, channels=4, stem="imagenet") for code in CODES["free"][:2]]


class TestVGG(ArchitectureConformance):
    def architectures(self) -> list[Architecture]:
        return [VGG(((4,), (6, 6))), VGG(((4, 4), (6,)))]


class TestDenseNet(ArchitectureConformance):
    def architectures(self) -> list[Architecture]:
        return [DenseNet((2, 1), (4, 6), 3), DenseNet((1, 1, 1), (4, 6, 5), 3)]


class TestResNet(ArchitectureConformance):
    def architectures(self) -> list[Architecture]:
        return [ResNet("basic", (1, 2), (4, 6)), ResNet("bottleneck", (1, 2), (4, 6))]
