from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.local_lipschitz import LipschitzAscent
from tests.rnas.evaluation.diagnostics.networks import convolution, images, linear

EPSILON = Fraction(1, 10)
ASCENT = LipschitzAscent(EPSILON)
MIDDLE = torch.full((4, 1, 2, 4), 0.5, dtype=torch.float64)
IDS = torch.arange(4)


def test_exact_for_a_linear_map_of_one_output() -> None:
    weights = [[1.0, -2.0, 0.5, 0.0, 3.0, -0.25, 1.5, -1.0]]
    found = ASCENT(linear(weights, [5.0]), MIDDLE, IDS, 0)
    assert found.tolist() == pytest.approx([9.25] * 4, abs=1e-9)


def test_exact_for_outputs_that_share_no_pixel() -> None:
    weights = [[1.0, -2.0, 0, 0, 0, 0, 0, 0], [0, 0, 0.5, 1.0, -1.0, 0, 0, 0], [0, 0, 0, 0, 0, -3.0, 0.25, 4.0]]
    assert ASCENT(linear(weights), MIDDLE, IDS, 0).tolist() == pytest.approx([12.75] * 4, abs=1e-9)


def test_for_any_linear_map_between_a_random_point_and_the_norm() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 8)
    norm = (corners @ weights.T).abs().sum(1).max().item()
    starts = MIDDLE[:1].expand(30, -1, -1, -1)
    found = ASCENT(linear(weights.tolist()), starts, torch.arange(30), 0)
    assert found.max().item() == pytest.approx(norm, rel=1e-9)
    assert (found <= norm * (1 + 1e-9)).all()
    one_step = LipschitzAscent(EPSILON, steps=1)(linear(weights.tolist()), starts, torch.arange(30), 0)
    assert (found >= one_step).all()
    assert found.mean() > 1.1 * one_step.mean()


def test_a_convolution_and_a_block_of_it() -> None:
    # The sum of a pixel and its right neighbour, four times that in all: 2 + 2 + 2 + 1 times the pixels of a row.
    model = nn.Sequential(convolution([[[[0, 0, 0], [0, 1, 1], [0, 0, 0]]]]), convolution([[[[4.0]]]]), nn.Flatten())
    row = torch.full((1, 1, 1, 4), 0.5, dtype=torch.float64)
    found = max(ASCENT(model, row, torch.tensor([number]), 0, "0").item() for number in range(20))
    assert found == pytest.approx(7.0, abs=1e-9)
    found = max(ASCENT(model, row, torch.tensor([number]), 0).item() for number in range(20))
    assert found == pytest.approx(28.0, abs=1e-9)


def test_a_block_whose_output_the_next_one_overwrites() -> None:
    # Every output of the first block is negative; ReLU leaves nothing of it.
    model = nn.Sequential(convolution([[[[-2.0]]]]), nn.ReLU(inplace=True), nn.Flatten())
    row = torch.full((1, 1, 1, 4), 0.5, dtype=torch.float64)
    assert ASCENT(model, row, IDS[:1], 0, "0").item() == pytest.approx(8.0, abs=1e-9)
    assert ASCENT(model, row, IDS[:1], 0, "1").item() == 0.0


def test_the_range_of_pixels_limits_the_ball() -> None:
    # The second pixel cannot fall and the first cannot rise, so that 1 - (-1) is out of reach.
    model, corner = linear([[1.0, -1.0]]), images([[1.0, 0.0]])
    assert ASCENT(model, corner, torch.tensor([0]), 0).item() == pytest.approx(2.0)
    model = linear([[1.0, 1.0]])
    assert ASCENT(model, corner, torch.tensor([0]), 0).item() == pytest.approx(1.0, rel=1e-6)


class _Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).square().sum(1, keepdim=True)


def test_a_curved_function_by_hand() -> None:
    # Both pixels at 0.5, both moved to 0.6: (0.36 - 0.25) * 2 / 0.1; a smaller or a downward move gives less.
    found = ASCENT(_Square(), torch.full((30, 1, 1, 2), 0.5, dtype=torch.float64), torch.arange(30), 0)
    assert found.max().item() == pytest.approx(2.2, abs=1e-9)
    assert (found <= 2.2 + 1e-9).all()


def test_a_start_is_a_function_of_seed_and_id() -> None:
    model = linear(torch.randn(5, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64).tolist())
    ascent = LipschitzAscent(EPSILON, steps=1)
    together = ascent(model, MIDDLE, IDS, 0)
    assert torch.equal(ascent(model, MIDDLE, IDS.flip(0), 0), together.flip(0))
    assert not torch.equal(ascent(model, MIDDLE, IDS, 1), together)
    assert len(set(together.tolist())) == 4


def test_what_is_not_finite_is_infinite() -> None:
    class Log(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return -x.flatten(1).log()

    # From 0.05 some starts lead down to 0, where the logarithm is infinite; 0.5 is far from it.
    clean = images(*[[[0.05]]] * 20, *[[[0.5]]] * 20)
    found = ASCENT(Log(), clean, torch.arange(40), 0)
    assert found[:20].max() == torch.inf
    assert found[20:].isfinite().all()


def test_unknown_blocks_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown block '7'; this network has 0, 1"):
        ASCENT(linear([[1.0]]), images([[0.5]]), torch.tensor([0]), 0, "7")
