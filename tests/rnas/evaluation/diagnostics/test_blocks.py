import pytest
import torch
from torch import nn

from rnas import registry
from rnas.evaluation.diagnostics._blocks import blocks
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork
from rnas.networks.vgg import VGG
from tests.rnas.evaluation.diagnostics.families import FAMILIES, SHAPE


@pytest.mark.parametrize(("architecture", "names"), FAMILIES)
def test_blocks_of_every_family_run_once_and_in_order(architecture: Architecture, names: list[str]) -> None:
    model = architecture.build(3, SHAPE).eval()
    found = blocks(model)
    assert list(found) == names
    events = []
    for name, span in found.items():
        span.first.register_forward_pre_hook(lambda *_, name=name: events.append(("in", name)))
        span.last.register_forward_hook(lambda *_, name=name: events.append(("out", name)))
    with torch.no_grad():
        model(torch.rand(1, *SHAPE))
    assert events == [(side, name) for name in names for side in ("in", "out")]


def test_every_registered_kind_is_among_them() -> None:
    assert {architecture.kind for architecture, _ in FAMILIES} == set(registry.names(registry.ARCHITECTURES))


def test_a_vgg_block_ends_in_its_pooling() -> None:
    model = VGG(((2,), (3, 3))).build(3, (3, 8, 8))
    ends = [type(span.last) for span in blocks(model).values()]
    assert ends == [nn.MaxPool2d, nn.MaxPool2d]


def test_a_network_inside_another_module_is_found() -> None:
    inner = ResidualNetwork((1, 1), (2, 2)).build(3, (3, 8, 8))
    assert list(blocks(nn.Sequential(nn.Identity(), inner))) == ["1.blocks.0.layer.0", "1.blocks.1.layer.0"]


def test_other_networks_fall_back_to_their_children_and_then_to_themselves() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 2))
    assert list(blocks(model)) == ["0", "1", "2"]
    alone = nn.Linear(4, 2)
    assert blocks(alone)[""].last is alone
