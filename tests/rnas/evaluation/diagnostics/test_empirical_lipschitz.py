import math

import pytest
import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.empirical_lipschitz import greatest_ratio, lipschitz_ratios, mean_ratio
from rnas.networks.vgg import VGG
from tests.rnas.evaluation.diagnostics.networks import convolution, images, linear

WEIGHTS = [[1.0, -2.0, 0.5, 0.0], [3.0, 1.0, 0.0, -1.0]]


def test_a_linear_map_by_hand() -> None:
    clean = images([[0.5, 0.5], [0.5, 0.5]], [[0.2, 0.4], [0.6, 0.8]])
    attacked = images([[0.6, 0.4], [0.6, 0.5]], [[0.2, 0.4], [0.8, 0.8]])
    # Changes (0.1, -0.1, 0.1, 0): outputs move by 0.35 and 0.2, at a distance of 0.1; then by 0.1 and 0 at 0.2.
    ratios = lipschitz_ratios(linear(WEIGHTS, [7.0, -7.0]), clean, attacked).network
    assert ratios.dtype == torch.float64
    assert ratios.tolist() == pytest.approx([5.5, 0.5], abs=1e-12)
    assert mean_ratio(ratios) == pytest.approx(3.0, abs=1e-12)
    assert greatest_ratio(ratios) == pytest.approx(5.5, abs=1e-12)


def test_exact_for_any_linear_map_and_below_its_norm() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    clean, attacked = torch.rand(2, 20, 1, 2, 4, generator=generator, dtype=torch.float64)
    ratios = lipschitz_ratios(linear(weights.tolist()), clean, attacked, batch_size=7).network
    moved = (attacked - clean).flatten(1)
    assert torch.allclose(ratios, (moved @ weights.T).abs().sum(1) / moved.abs().amax(1), rtol=1e-12)
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 8)
    norm = (corners @ weights.T).abs().sum(1).max()
    assert (ratios <= norm).all()
    # A pair along the best corner has the norm itself.
    best = corners[(corners @ weights.T).abs().sum(1).argmax()].reshape(1, 1, 2, 4)
    reached = lipschitz_ratios(linear(weights.tolist()), clean[:1], clean[:1] + 0.01 * best).network
    assert reached.item() == pytest.approx(norm.item(), rel=1e-9)


def test_blocks_of_a_convolutional_network_by_hand() -> None:
    # The sum of a pixel and its right neighbour; then ReLU; then twice that.
    first = convolution([[[[0, 0, 0], [0, 1, 1], [0, 0, 0]]]])
    model = nn.Sequential(first, nn.ReLU(inplace=True), convolution([[[[2.0]]]]), nn.Flatten())
    clean, attacked = images([[1.0, -3.0]]), images([[2.0, -2.0]])
    # [-2, -3] becomes [0, -2]: 3 in all. After ReLU both are [0, 0].
    ratios = lipschitz_ratios(model, clean, attacked)
    assert list(ratios.blocks) == ["0", "1", "2", "3"]
    assert [ratio.item() for ratio in ratios.blocks.values()] == [3.0, 0.0, 0.0, 0.0]
    # [3, 1] becomes [4.5, 1.5]: 2 at a distance of 1, and twice that after the last convolution.
    ratios = lipschitz_ratios(model, images([[2.0, 1.0]]), images([[3.0, 1.5]]))
    assert [ratio.item() for ratio in ratios.blocks.values()] == [2.0, 2.0, 4.0, 4.0]
    assert ratios.network.item() == 4.0


def test_a_block_is_measured_from_the_image_and_before_it_is_overwritten() -> None:
    torch.manual_seed(0)
    model = VGG(((2,), (3,))).build(3, (1, 8, 8)).double().eval()
    clean, attacked = torch.rand(2, 4, 1, 8, 8, dtype=torch.float64)
    ratios = lipschitz_ratios(model, clean, attacked)
    half = nn.Sequential(*list(model.features)[:4])
    with torch.no_grad():
        moved = (half(clean) - half(attacked)).abs().flatten(1).sum(1)
    assert torch.allclose(ratios.blocks["features.0"], moved / (clean - attacked).abs().flatten(1).amax(1))


def test_pairs_that_do_not_differ_do_not_count() -> None:
    clean = images([[0.1, 0.2]], [[0.3, 0.4]])
    attacked = images([[0.1, 0.2]], [[0.3, 0.5]])
    ratios = lipschitz_ratios(linear([[1.0, 2.0]]), clean, attacked).network
    assert math.isnan(ratios[0])
    assert mean_ratio(ratios) == greatest_ratio(ratios) == pytest.approx(2.0)
    with pytest.raises(InputError, match="two points that differ"):
        mean_ratio(ratios[:1])


class _Root(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).log()


def test_an_output_that_is_not_finite_is_an_infinite_change() -> None:
    clean, attacked = images([[0.5, 0.5]], [[0.5, 0.5]]), images([[0.5, 0.0]], [[0.5, 0.6]])
    ratios = lipschitz_ratios(_Root(), clean, attacked).network
    assert ratios[0] == torch.inf
    assert ratios[1].isfinite()
    assert mean_ratio(ratios) == greatest_ratio(ratios) == torch.inf


class _Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class _Unpack(nn.Module):
    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        return pair[0].flatten(1)


def test_blocks_that_pass_on_no_tensor_are_refused_and_leave_no_hook() -> None:
    model = nn.Sequential(_Pair(), _Unpack())
    with pytest.raises(InputError, match="block '0' returns a tuple"):
        lipschitz_ratios(model, images([[0.0]]), images([[1.0]]))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
