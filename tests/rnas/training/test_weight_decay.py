from itertools import product

import pytest
import torch
from torch import nn

from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.darts_cells import doubling_network
from rnas.networks.densenet import DenseNet
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.modules._activations import TwoSlope
from rnas.networks.modules._normalization import ChannelLayerNorm
from rnas.networks.nas_bench_201 import OPERATIONS, NASBench201Cell
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG
from rnas.training._weight_decay import parameter_groups

_DECAYING = (nn.Conv2d, nn.Linear)
_NORMALIZATION = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)


def residual(**block: object) -> ResidualNetwork:
    return ResidualNetwork((1, 1, 1), (8, 16, 16), (Block(**block),), stem_width=8)


FAMILIES: dict[str, Architecture] = {
    **{f"residual-{name}": residual(normalization=name) for name in NORMALIZATIONS},
    **{f"residual-{name}": residual(activation=name) for name in ("prelu", "two-slope")},
    "robust-res-block": residual(topology="robust-res-block", squeeze_excitation="residual"),
    "darts": doubling_network(GENOTYPES["darts-v2"], 4, 4),
    "robnet": RobNetwork(CODES["large"], 5, 4),
    "vgg": VGG(((4,), (8,), (8,), (8,), (8,))),
    "densenet": DenseNet((1, 1, 1, 1), (8, 8, 8, 8), growth=4),
    "resnet": ResNet(),
    "nas-bench-201": NASBench201Cell((*OPERATIONS, "nor_conv_3x3"), cells=1),
}


def decayed(model: nn.Module, normalization: bool, biases: bool) -> set[int]:
    """Parameters in the group that decays; every one is in exactly one of the groups."""
    groups = parameter_groups(model, 0.25, normalization, biases)
    counted = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(counted) == len(set(counted))
    assert set(counted) == {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    assert [group["weight_decay"] for group in groups] in ([0.25], [0.25, 0.0])
    torch.optim.SGD(groups, lr=0.1)
    return {id(parameter) for parameter in groups[0]["params"]}


@pytest.mark.parametrize(("normalization", "biases"), [*product([True, False], repeat=2)])
@pytest.mark.parametrize("name", FAMILIES)
def test_what_decays_in_every_family(name: str, normalization: bool, biases: bool) -> None:
    with torch.device("meta"):
        model = FAMILIES[name].build(10, (3, 32, 32))
    found = decayed(model, normalization, biases)
    for module in model.modules():
        for kind, parameter in module.named_parameters(recurse=False):
            if isinstance(module, _NORMALIZATION):
                expected = normalization
            else:
                expected = biases or (isinstance(module, _DECAYING) and kind == "weight")
            assert (id(parameter) in found) == expected, (type(module), kind)


def test_layers_of_every_kind() -> None:
    layers = [nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.GroupNorm(2, 8), ChannelLayerNorm(8), nn.PReLU(), TwoSlope()]
    model = nn.Sequential(*layers, nn.InstanceNorm2d(8, affine=True), nn.Linear(8, 8))
    weights = {id(model[0].weight), id(model[7].weight)}
    normalization = {id(p) for n in (1, 2, 3, 6) for p in model[n].parameters()}
    others = {id(p) for p in (model[0].bias, model[7].bias, *model[4].parameters(), *model[5].parameters())}
    assert decayed(model, False, False) == weights
    assert decayed(model, True, False) == weights | normalization
    assert decayed(model, False, True) == weights | others
    assert decayed(model, True, True) == weights | normalization | others


def test_frozen_and_shared_parameters() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    assert decayed(model, False, False) == {id(model[0].weight)}
