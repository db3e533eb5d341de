import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import Tensor

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS

NORMS: tuple[Norm, ...] = ("linf", "l2", "l1")
RADII: dict[Norm, float] = {"linf": 0.2, "l2": 0.7, "l1": 2.5}


def drawn(seed: int, n: int = 6, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Images, some of their pixels at an end of the range, and points around them."""
    generator = torch.Generator().manual_seed(seed)
    images = (torch.rand(n, 2, 3, 3, generator=generator, dtype=dtype) * 1.4 - 0.2).clamp(0, 1)
    return images, images + torch.randn(images.shape, generator=generator, dtype=dtype) * 0.5


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(seed=st.integers(0, 2**31), share=st.sampled_from([0.0, 1e-6, 0.1, 1.0, 3.0]))
def test_projection_ends_inside_and_stays_there(norm: Norm, dtype: torch.dtype, seed: int, share: float) -> None:
    ball, radius = BALLS[norm], RADII[norm] * share
    images, points = drawn(seed, dtype=dtype)
    inside = ball.project(points, images, radius)
    assert inside.min() >= 0
    assert inside.max() <= 1
    assert ball.size(inside.double() - images.double()).max() <= radius + 1e-6
    assert torch.allclose(ball.project(inside, images, radius), inside, atol=1e-6)
    if share == 0:
        assert torch.equal(inside, images)


@pytest.mark.parametrize("norm", NORMS)
def test_without_a_radius_only_the_range_is_kept(norm: Norm) -> None:
    images, points = drawn(0)
    assert torch.equal(BALLS[norm].project(points, images, math.inf), points.clamp(0, 1))


@pytest.mark.parametrize("norm", ["linf", "l1"])
@given(seed=st.integers(0, 2**31), share=st.floats(0.01, 3))
def test_projection_is_the_nearest_point(norm: Norm, seed: int, share: float) -> None:
    """A point of a convex set is nearest where no way into the set points towards what was projected."""
    ball, radius = BALLS[norm], RADII[norm] * share
    images, points = drawn(seed)
    nearest = ball.project(points, images, radius)
    # Corners of the set: the way to the first of them is the one that a fault would most likely leave open.
    ways = (points - nearest, points - images, *drawn(seed + 1), drawn(seed + 2)[1] - images)
    corners = [ball.ascend(images, way, radius).clamp(0, 1) for way in ways]
    for corner in (images, *corners):
        assert ((points - nearest) * (corner - nearest)).flatten(1).sum(1).max() <= 1e-9


@given(seed=st.integers(0, 2**31), length=st.floats(0.01, 6))
def test_an_l1_step_raises_a_linear_loss_most(seed: int, length: float) -> None:
    points, _ = drawn(seed, 1)
    gradient = torch.randn(points.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    moved = BALLS["l1"].ascend(points, gradient, length)
    assert moved.min() >= 0
    assert moved.max() <= 1
    slope, start = gradient.flatten().numpy(), points.flatten().numpy()
    # The change is the difference of two parts of at least 0, whose sum is at most the length.
    best = linprog(
        [*-slope, *slope],
        A_ub=[[1.0] * (2 * len(slope))],
        b_ub=[length],
        bounds=[*((0, 1 - value) for value in start), *((0, value) for value in start)],
    )
    assert ((moved - points) * gradient).sum().item() == pytest.approx(-best.fun, abs=1e-9)


@pytest.mark.parametrize("norm", NORMS)
def test_a_step_has_the_length_and_does_not_move_without_a_gradient(norm: Norm) -> None:
    points = torch.full((2, 1, 4, 4), 0.5)
    gradient = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    gradient[1] = 0
    moved = BALLS[norm].ascend(points, gradient, 0.3) - points
    assert BALLS[norm].size(moved)[0].item() == pytest.approx(0.3, rel=1e-6)
    assert (moved[1] == 0).all()


@pytest.mark.parametrize("norm", NORMS)
def test_the_size_of_a_gradient_does_not_matter(norm: Norm) -> None:
    points, gradient = torch.full((1, 2, 3, 3), 0.5), drawn(0, 1, torch.float32)[1] - 0.5
    expected = BALLS[norm].ascend(points, gradient, 0.3)
    for scale in (1e-30, 1e30):
        assert torch.allclose(BALLS[norm].ascend(points, gradient * scale, 0.3), expected, atol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_noise_is_uniform_in_the_ball(norm: Norm) -> None:
    noise = BALLS[norm].noise(0, torch.arange(20_000), (1, 2, 2)).double()
    size = BALLS[norm].size(noise)
    assert size.max() <= 1 + 1e-6
    # The share of the ball's content within a distance is that distance to the power of the number of pixels.
    shares = torch.histc(size**4, 20, 0, 1) / len(size)
    assert (shares - 1 / 20).abs().max() < 0.006
    assert noise.mean(0).abs().max() < 0.02
    # Each pixel's absolute value is alike, and independent of its sign.
    spread = noise.abs().mean(0).flatten()
    assert (spread / spread.mean() - 1).abs().max() < 0.03
    assert torch.corrcoef(noise.flatten(1).T).sub(torch.eye(4)).abs().max() < 0.03
    # A vector uniform in the ball has this mean of an absolute coordinate.
    expected = {"linf": 1 / 2, "l2": 2 * math.gamma(3) / (math.sqrt(math.pi) * math.gamma(2.5)) / 5, "l1": 1 / 5}
    assert spread.mean().item() == pytest.approx(expected[norm], rel=0.02)


@pytest.mark.parametrize("norm", NORMS)
def test_noise_depends_on_seed_and_id_alone(norm: Norm) -> None:
    ids = torch.tensor([3, 1, 8])
    noise = BALLS[norm].noise(7, ids, (1, 3, 3))
    alone = torch.cat([BALLS[norm].noise(7, ids[n : n + 1], (1, 3, 3)) for n in range(3)])
    assert torch.allclose(noise, alone, atol=1e-7)
    assert not torch.allclose(noise, BALLS[norm].noise(8, ids, (1, 3, 3)), atol=1e-2)
    assert len({tuple(row.flatten().tolist()) for row in noise}) == 3
