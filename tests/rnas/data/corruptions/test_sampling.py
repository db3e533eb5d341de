import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from rnas.data.corruptions._sampling import (
    edge,
    filtered,
    gaussian_filtered,
    half_mirror,
    mirror,
    streaked,
    warped,
    zoomed,
)

NAMES = {edge: "nearest", mirror: "mirror", half_mirror: "reflect"}
borders = pytest.mark.parametrize("border", NAMES)


@borders
@given(st.integers(2, 9), st.integers(0, 40))
def test_borders_are_those_of_scipy(border, size: int, reach: int) -> None:
    line = np.arange(size)
    ends = {edge: "edge", mirror: "reflect", half_mirror: "symmetric"}
    expected = np.pad(line, reach, mode=ends[border])
    assert border(torch.arange(-reach, size + reach), size).tolist() == expected.tolist()


@borders
@pytest.mark.parametrize("sigma", [0.05, 0.4, 1.3, 6.4])
def test_gaussian_filter_is_scipys(border, sigma: float, photographs: Tensor) -> None:
    expected = ndimage.gaussian_filter(photographs.numpy(), (0, 0, sigma, sigma), mode=NAMES[border], truncate=3)
    assert np.allclose(gaussian_filtered(photographs, sigma, border, truncate=3), expected)


@borders
def test_filter_is_scipys_correlation(border, photographs: Tensor) -> None:
    kernel = [[0.1, 0.0, 0.3], [0.0, 0.2, 0.1], [0.05, 0.25, 0.0], [0.0, 0.0, 0.4], [0.2, 0.0, 0.1]]
    expected = ndimage.correlate(photographs.numpy(), np.array(kernel)[None, None], mode=NAMES[border])
    assert np.allclose(filtered(photographs, kernel, border), expected)


@borders
def test_warp_is_scipys_bilinear_interpolation(border, photographs: Tensor) -> None:
    rng = np.random.default_rng(0)
    rows, columns = (grid + rng.uniform(-9, 9, (32, 32)) for grid in np.mgrid[:32, :32])
    image = photographs[0, 1].numpy()
    expected = ndimage.map_coordinates(image, (rows, columns), order=1, mode=NAMES[border])
    positions = (torch.from_numpy(position).expand(2, -1, -1) for position in (rows, columns))
    result = warped(photographs[:2], *positions, border)
    assert result.shape == (2, 3, 32, 32)
    assert np.allclose(result[0, 1], expected)


@pytest.mark.parametrize("factor", [1.0, 1.06, 1.25, 1.75, 2.25])
def test_zoom_is_scipys_of_the_middle(factor: float, photographs: Tensor) -> None:
    cropped = math.ceil(32 / factor)
    top = (32 - cropped) // 2
    middle = photographs[0, 0, top : top + cropped, top : top + cropped].numpy()
    larger = ndimage.zoom(middle, factor, order=1)
    trim = (len(larger) - 32) // 2
    assert np.allclose(zoomed(photographs, factor)[0, 0], larger[trim : trim + 32, trim : trim + 32])


def test_a_streak_runs_one_way_along_its_angle() -> None:
    point = torch.zeros(3, 1, 21, 21, dtype=torch.float64)
    point[:, :, 10, 10] = 1
    turns = torch.tensor([0.0, math.pi / 4, -math.pi / 2], dtype=torch.float64)
    level, diagonal, upright = streaked(point, 6, 2.0, turns)[:, 0]
    weights = torch.exp(-0.5 * (torch.arange(13, dtype=torch.float64) / 2) ** 2)
    weights /= weights.sum()
    # What is sampled to the right shows to the left.
    assert torch.allclose(level[10, :11], weights[:11].flip(0))
    assert torch.allclose(upright[10:, 10], weights[:11])
    assert level.sum() == pytest.approx(level[10].sum().item())
    assert (diagonal.nonzero()[:, 0] == diagonal.nonzero()[:, 1]).all()
    assert diagonal[10, 10] > diagonal[8, 8] > diagonal[6, 6] > 0
