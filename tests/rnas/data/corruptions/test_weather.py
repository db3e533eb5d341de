import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor

from rnas.data.corruptions._weather import brightness, fog, frost, snow

IDS = torch.arange(24)


@pytest.mark.parametrize(("severity", "rise"), [(1, 0.05), (5, 0.3)])
def test_brightness_raises_the_value_of_hue_saturation_and_value(
    severity: int, rise: float, photographs: Tensor
) -> None:
    image = photographs[0]
    image[:, 0, 0] = 0
    expected = np.empty((3, 32, 32))
    for row in range(32):
        for column in range(32):
            hue, saturation, value = colorsys.rgb_to_hsv(*image[:, row, column].tolist())
            expected[:, row, column] = colorsys.hsv_to_rgb(hue, saturation, min(value + rise, 1))
    assert np.allclose(brightness(photographs, severity, IDS, 0)[0], expected)


def test_fog_keeps_the_brightest_and_lifts_the_dark(photographs: Tensor) -> None:
    result = fog(photographs, 5, IDS, 0)
    assert (result.amax(dim=(1, 2, 3)) <= photographs.amax(dim=(1, 2, 3)) + 1e-9).all()
    assert result.std() < photographs.std()
    assert (fog(torch.zeros(2, 1, 8, 8), 5, torch.arange(2), 0) == 0).all()


def test_snow_only_lightens_and_falls_steeply(photographs: Tensor) -> None:
    result = snow(photographs, 4, IDS, 0)
    assert (result >= photographs - 1e-9).all()
    flakes = snow(torch.zeros(50, 1, 32, 32), 2, torch.arange(50), 0)
    across, along = flakes.diff(dim=3).square().mean(), flakes.diff(dim=2).square().mean()
    assert across > along


def test_frost_dims_the_image_and_adds_bluish_ice() -> None:
    black, white = torch.zeros(20, 3, 32, 32), torch.ones(20, 3, 32, 32)
    ids = torch.arange(20)
    ice = frost(black, 5, ids, 0)
    assert ice.max() <= 0.45 + 1e-6
    assert ice.mean(dim=(0, 2, 3)).tolist() == sorted(ice.mean(dim=(0, 2, 3)).tolist())
    assert torch.allclose(frost(white, 5, ids, 0), (0.75 + ice).clamp(max=1), atol=1e-6)
