import copy

import pytest
import torch
from torch import nn

from rnas.training._float32_convolution import Float32Convolution
from rnas.training.numerics import Numerics


def _network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 8, 3, 2, padding=1, groups=4, padding_mode="circular"),
        nn.Conv2d(8, 8, 3, (1, 2), padding=1, groups=8, bias=False),
        nn.Conv2d(8, 8, 3, 2, padding=1),
    )


def _kinds(network: nn.Module) -> list[bool]:
    return [isinstance(module, Float32Convolution) for module in network.children()]


def test_only_grouped_strided_convolutions_in_reduced_precision_are_changed() -> None:
    network = _network()
    Numerics().prepare(network)
    assert _kinds(network) == [False] * 5
    Numerics(precision="bfloat16").prepare(network)
    assert _kinds(network) == [False, False, True, True, False]
    assert _kinds(copy.deepcopy(network)) == _kinds(network)
    assert network.state_dict().keys() == _network().state_dict().keys()


@pytest.mark.parametrize("index", [2, 3])
def test_results_are_those_of_float32_rounded(index: int) -> None:
    network = _network()
    Numerics().prepare(network)
    images = torch.rand(3, 8, 6, 6).bfloat16()
    exact = network[index](images.float())
    Numerics(precision="bfloat16").prepare(network)
    images.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        maps = network[index](images)
    assert maps.dtype == torch.bfloat16
    assert torch.equal(maps, exact.bfloat16())
    (gradient,) = torch.autograd.grad(maps.sum(), images)
    assert gradient.dtype == torch.bfloat16
    assert torch.equal(network[index](images.detach().float()), exact)
    doubled = network[index].double()(images.detach().double())
    torch.testing.assert_close(doubled, exact.double())
