"""Degrade images as processing does, with the severities of CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019)."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rnas.data.corruptions._randomness import uniform
from rnas.data.corruptions._sampling import gaussian_filtered, half_mirror, mirror, warped


def contrast(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Shrink each channel towards its mean, to 0.75 down to 0.15. See :mod:`rnas.data.corruptions.named`."""
    kept = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
    mean = images.mean(dim=(2, 3), keepdim=True)
    return ((images - mean) * kept + mean).clamp_(0, 1)


def elastic_transform(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Apply a random affine map and then smooth random displacements. See :mod:`rnas.data.corruptions.named`.

    Lengths scale with the image's shorter side; the published values are for 32 pixels.
    """
    shift, smoothness, affine = (
        (0.0, 0.0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    )[severity - 1]
    height, width = images.shape[2:]
    side = min(height, width)
    drawn = uniform("elastic_transform", seed, ids, (2, height, width)).to(images.dtype)
    moved = gaussian_filtered(drawn, smoothness * side, half_mirror, truncate=3) * (shift * side)
    rows, columns = _grid(images)
    triangle = uniform("elastic_transform affine", seed, ids, (3, 2)).double() * (affine * side)
    straight = warped(images, *_affine(triangle, rows, columns), mirror)
    return warped(straight, rows + moved[:, 0], columns + moved[:, 1], half_mirror).clamp_(0, 1)


def pixelate(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Shrink to 0.95 down to 0.65 of the size and enlarge, by box filters. See :mod:`rnas.data.corruptions.named`."""
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[severity - 1]
    rows, columns = (_there_and_back(size, int(size * share)).to(images) for size in images.shape[2:])
    return (rows @ images @ columns.T).clamp_(0, 1)


def jpeg_compression(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Compress as JPEG of quality 80 down to 40, with the installed Pillow. See :mod:`rnas.data.corruptions.named`."""
    quality = (80, 65, 58, 50, 40)[severity - 1]
    pixels = (images * 255).round().clamp_(0, 255).to(torch.uint8).movedim(1, 3).cpu().numpy()
    read = np.stack([_through_jpeg(image, quality) for image in pixels])
    return torch.from_numpy(read).movedim(3, 1).to(images.device, images.dtype).div_(255).contiguous()


def _grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and column (H, W) of each pixel."""
    height, width = (torch.arange(size, dtype=images.dtype, device=images.device) for size in images.shape[2:])
    rows, columns = torch.meshgrid(height, width, indexing="ij")
    return rows, columns


def _affine(moves: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Return the source of each pixel (n, H, W) if three points around the middle move by ``moves`` (n, 3, 2)."""
    middle = torch.tensor([size // 2 for size in rows.shape], dtype=moves.dtype, device=moves.device)
    reach = min(rows.shape) // 3
    corners = torch.tensor([[1, 1], [-1, 1], [-1, -1]], dtype=moves.dtype, device=moves.device) * reach
    before = middle + corners
    after = torch.cat([before + moves, torch.ones_like(moves[..., :1])], dim=2)
    back = torch.linalg.solve(after, before.expand_as(moves))
    pixels = torch.stack([rows.flatten(), columns.flatten(), torch.ones(rows.numel()).to(rows)], dim=1).to(moves)
    sources = pixels @ back
    return sources[..., 0].unflatten(1, rows.shape).to(rows), sources[..., 1].unflatten(1, rows.shape).to(rows)


def _there_and_back(size: int, smaller: int) -> Tensor:
    """Return the matrix (size, size) of Pillow's box filter that makes a line smaller and then large again."""
    down = Image.fromarray(np.eye(size, dtype=np.float32)).resize((size, smaller), Image.Resampling.BOX)
    return torch.from_numpy(np.array(down.resize((size, size), Image.Resampling.BOX)))


def _through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Return an image (H, W, C) uint8 after it was written to and read from a JPEG file."""
    file = io.BytesIO()
    grey = pixels.shape[2] == 1
    Image.fromarray(pixels[..., 0] if grey else pixels).save(file, "JPEG", quality=quality)
    read = np.array(Image.open(file))
    return read[..., None] if grey else read
