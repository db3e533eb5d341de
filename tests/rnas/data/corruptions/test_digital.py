import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from rnas.data.corruptions._digital import contrast, elastic_transform, jpeg_compression, pixelate

IDS = torch.arange(24)


def test_contrast_keeps_the_mean_of_channels_and_shrinks_the_deviation(photographs: Tensor) -> None:
    result = contrast(photographs, 5, IDS, 0)
    assert torch.allclose(result.mean(dim=(2, 3)), photographs.mean(dim=(2, 3)))
    assert torch.allclose(result.std(dim=(2, 3)), 0.15 * photographs.std(dim=(2, 3)))


@pytest.mark.parametrize(("severity", "side"), [(1, 30), (3, 27), (5, 20)])
def test_pixels_are_those_of_pillow(severity: int, side: int, photographs: Tensor) -> None:
    pixels = (photographs * 255).round()
    image = Image.fromarray(pixels[0].byte().movedim(0, 2).numpy())
    expected = np.array(image.resize((side, side), Image.Resampling.BOX).resize((32, 32), Image.Resampling.BOX))
    result = pixelate(pixels / 255, severity, IDS, 0)[0].movedim(0, 2).numpy() * 255
    # Pillow rounds to whole levels after each of its four passes.
    assert np.abs(result - expected).max() <= 2


def test_jpeg_is_pillows(photographs: Tensor) -> None:
    file = io.BytesIO()
    pixels = (photographs * 255).round()
    Image.fromarray(pixels[0].byte().movedim(0, 2).numpy()).save(file, "JPEG", quality=50)
    expected = torch.from_numpy(np.array(Image.open(file))).movedim(2, 0).double() / 255
    assert torch.equal(jpeg_compression(photographs, 4, IDS, 0)[0], expected)


def test_an_elastic_transform_moves_pixels_and_makes_none(photographs: Tensor) -> None:
    flat = torch.full((24, 1, 32, 32), 0.3, dtype=torch.float64)
    for severity in range(1, 6):
        assert torch.allclose(elastic_transform(flat, severity, IDS, 0), flat)
        result = elastic_transform(photographs, severity, IDS, 0)
        assert (result.amax(dim=(2, 3)) <= photographs.amax(dim=(2, 3)) + 1e-9).all()


def test_the_first_elastic_severity_is_an_affine_map() -> None:
    """Slopes stay slopes away from the border, so second differences vanish; the others bend them."""
    rows = (torch.arange(32, dtype=torch.float64) / 64).expand(24, 1, 32, 32)
    bent = []
    for severity in (1, 4):
        middle = elastic_transform(rows, severity, IDS, 0)[..., 10:22, 10:22]
        bent.append(middle.diff(n=2, dim=3).abs().amax(dim=(1, 2, 3)))
    assert (bent[0] < 1e-9).all()
    assert (bent[1] > 1e-3).all()


def test_the_affine_map_takes_three_points_to_their_images() -> None:
    """The map is fitted back from where marked pixels go, and its moves are within the published bound."""
    columns = (torch.arange(32, dtype=torch.float64) / 31).expand(24, 1, 32, 32)
    lines = columns.transpose(2, 3)
    from_column = elastic_transform(columns, 1, IDS, 0)[:, 0] * 31
    from_row = elastic_transform(lines, 1, IDS, 0)[:, 0] * 31
    moves = []
    for image in range(24):
        places = np.stack([*np.mgrid[12:20, 12:20].reshape(2, -1), np.ones(64)], axis=1)
        sources = np.stack([source[image, 12:20, 12:20].reshape(-1).numpy() for source in (from_row, from_column)], 1)
        back, *_ = np.linalg.lstsq(places, sources, rcond=None)
        forward = np.linalg.inv(np.column_stack([back, [0, 0, 1]]))
        points = np.array([[26, 26, 1], [6, 26, 1], [6, 6, 1]])
        moves.append((points @ forward)[:, :2] - points[:, :2])
    assert np.abs(moves).max() <= 0.08 * 32 + 1e-6
    assert np.abs(moves).max() > 0.07 * 32
    assert ndimage.standard_deviation(np.array(moves)) == pytest.approx(0.08 * 32 / 3**0.5, rel=0.15)
