import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from rnas.data.corruptions._blur import defocus_blur, glass_blur, motion_blur, zoom_blur

IDS = torch.arange(24)


@pytest.mark.parametrize("severity", [1, 3, 4, 5])
def test_defocus_is_a_disk_with_a_smoothed_rim(severity: int, photographs: Tensor) -> None:
    radius, smoothing = {1: (0.3, 0.4), 3: (0.5, 0.6), 4: (1.0, 0.2), 5: (1.5, 0.1)}[severity]
    offsets = np.mgrid[-8:9, -8:9]
    disk = ((offsets**2).sum(axis=0) <= radius**2).astype(float)
    kernel = ndimage.gaussian_filter(disk / disk.sum(), smoothing, radius=1)
    expected = ndimage.correlate(photographs.numpy(), kernel[None, None], mode="mirror").clip(0, 1)
    assert np.allclose(defocus_blur(photographs, severity, IDS, 0), expected)


def test_glass_takes_pixels_of_the_neighbourhood_alone() -> None:
    places = (torch.arange(32 * 32, dtype=torch.float64) / 1024).reshape(1, 1, 32, 32)
    # At the first severity the blurs are nothing.
    result = (glass_blur(places, 1, torch.tensor([3]), 0)[0, 0] * 1024).long()
    rows, columns = result // 32, result % 32
    up, left = torch.arange(32)[:, None] - rows, torch.arange(32) - columns
    assert set(up.unique().tolist()) == set(left.unique().tolist()) == {0, 1}
    assert (up[:2] == 0).all()
    assert (up[:, :2] == 0).all()
    assert (left[:, :2] == 0).all()
    assert up[2:, 2:].double().mean().item() == pytest.approx(0.5, abs=0.06)


def test_motion_blur_keeps_brightness_and_smears_along_a_line(photographs: Tensor) -> None:
    flat = torch.full((24, 1, 32, 32), 0.3, dtype=torch.float64)
    assert torch.allclose(motion_blur(flat, 5, IDS, 0), flat)
    point = torch.zeros(24, 1, 41, 41, dtype=torch.float64)
    point[:, :, 20, 20] = 1
    for image in motion_blur(point, 3, IDS, 0)[:, 0]:
        places = image.nonzero() - 20
        weight = image[image > 0]
        mean = (places * weight[:, None]).sum(0)
        angle = math.atan2(mean[0], mean[1])
        # It shows to the left of the point, within 45 degrees.
        assert abs(abs(angle) - math.pi) <= math.pi / 4 + 0.1


def test_zoom_blur_is_the_mean_over_the_published_steps(photographs: Tensor) -> None:
    # scipy enlarges the middle as the published images were made; 7, 12, 16, 21 and 26 enlargements.
    image = photographs[0, 0].numpy()
    for severity, steps in enumerate((7, 12, 16, 21, 26), 1):
        total = image.copy()
        for factor in 1 + np.arange(steps) * 0.01:
            cropped = math.ceil(32 / factor)
            top = (32 - cropped) // 2
            larger = ndimage.zoom(image[top : top + cropped, top : top + cropped], factor, order=1)
            trim = (len(larger) - 32) // 2
            total += larger[trim : trim + 32, trim : trim + 32]
        assert np.abs(zoom_blur(photographs, severity, IDS, 0)[0, 0].numpy() - total / (steps + 1)).max() < 0.02
