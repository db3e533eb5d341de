import pytest
import torch
from torch import nn

from rnas.errors import InputError
from rnas.networks._cell_operations import OPERATIONS, find_operation
from rnas.networks.counting import single
from rnas.networks.modules._cell_operations import FactorizedReduce
from rnas.networks.modules.measured_cost import measured_cost


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
def test_cost_and_shape_of_every_operation(name: str, stride: int) -> None:
    operation = OPERATIONS[name]
    module = nn.Sequential(nn.Conv2d(1, 6, 1, bias=False), operation.build(6, stride))
    assert module(torch.rand(2, 1, 8, 12)).shape == (2, 6, 8 // stride, 12 // stride)
    measured = measured_cost(module, (1, 8, 12))
    expected = single(operation.cost(6, stride, (8, 12)))
    assert (measured.params - 6, measured.flops - 6 * 96) == (expected.params, expected.flops)


def test_unknown_operation_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'conv_9x9'.*known: max_pool_3x3, .*none"):
        find_operation("conv_9x9")


def test_factorized_reduce_reads_the_two_diagonals() -> None:
    reduce = FactorizedReduce(1, 2).eval()
    with torch.no_grad():
        reduce.conv_1.weight.fill_(1)
        reduce.conv_2.weight.fill_(1)
    reduce.bn.eps = 0
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    even, odd = reduce(image)[0]
    torch.testing.assert_close(even, image[0, 0, ::2, ::2])
    torch.testing.assert_close(odd, image[0, 0, 1::2, 1::2])


def test_average_pooling_leaves_the_padding_out() -> None:
    ones = torch.ones(1, 1, 4, 4)
    torch.testing.assert_close(OPERATIONS["avg_pool_3x3"].build(1, 1)(ones), ones)


def test_none_is_zero_but_shows_what_is_not_finite() -> None:
    zero = OPERATIONS["none"].build(1, 2)
    assert torch.equal(zero(torch.ones(1, 1, 4, 4)), torch.zeros(1, 1, 2, 2))
    assert zero(torch.full((1, 1, 4, 4), torch.inf)).isnan().all()


def test_dilated_convolution_reads_every_other_pixel() -> None:
    dilated = OPERATIONS["dil_conv_3x3"].build(1, 1).eval()
    for parameter in dilated.parameters():
        nn.init.ones_(parameter)
    bright = torch.ones(1, 1, 7, 7, requires_grad=True)
    dilated(bright)[0, 0, 3, 3].backward()
    assert bright.grad is not None
    assert {tuple(p) for p in bright.grad[0, 0].nonzero().tolist()} == {(r, c) for r in (1, 3, 5) for c in (1, 3, 5)}


@pytest.mark.parametrize("stride", [1, 2])
def test_seven_by_seven_has_the_names_of_the_released_one(stride: int) -> None:
    released = nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(4, 4, (1, 7), stride=(1, stride), padding=(0, 3), bias=False),
        nn.Conv2d(4, 4, (7, 1), stride=(stride, 1), padding=(3, 0), bias=False),
        nn.BatchNorm2d(4),
    ).eval()
    ours = find_operation("conv_7x1_1x7").build(4, stride).eval()
    ours.load_state_dict(released.state_dict())
    maps = torch.randn(2, 4, 8, 8)
    assert torch.equal(ours(maps), released(maps))
