"""Simulate weather, with the severities of CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019)."""

import math

import torch
from torch import Tensor

from rnas.data.corruptions._plasma import plasma
from rnas.data.corruptions._randomness import normal, uniform
from rnas.data.corruptions._sampling import streaked, zoomed

_LUMA = (0.299, 0.587, 0.114)

# The width of the ridges of frost, and its colour.
_SHARPNESS = 4
_ICE = (0.8, 0.93, 1.0)


def snow(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Let flakes fall in streaks over a whitened image. See :mod:`rnas.data.corruptions.named`.

    ImageMagick made the streaks of the published images. This function follows its definition but was not compared with
    it, so results are not comparable with published CIFAR-10-C numbers.
    """
    mean, deviation, zoom, least, radius, sigma, kept = (
        (0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),
        (0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),
    )[severity - 1]
    height, width = images.shape[2:]
    drawn = normal("snow", seed, ids, (1, height, width)).to(images.dtype)
    flakes = zoomed(drawn * deviation + mean, zoom)
    flakes = torch.where(flakes < least, 0, flakes).clamp_(0, 1)
    angles = (uniform("snow angle", seed, ids, ()) - 2) * (math.pi / 4)
    flakes = streaked(flakes, radius, sigma, angles)
    whitened = torch.maximum(images, _grey(images) * 1.5 + 0.5)
    result = images * kept + whitened * (1 - kept) + flakes + torch.rot90(flakes, 2, (2, 3))
    return result.clamp_(0, 1)


def frost(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Show an image through ice. See :mod:`rnas.data.corruptions.named`.

    The published images were blended with photographs of frost. This function blends them, with the same weights, with
    computed bright ridges, so results are not comparable with published CIFAR-10-C numbers.
    """
    kept, ice = ((1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[severity - 1]
    height, width = images.shape[2:]
    ridges = [1 - (2 * plasma(f"frost {part}", seed, ids, height, width, 1.5) - 1).abs() for part in ("a", "b")]
    texture = torch.maximum(*ridges).pow(_SHARPNESS).to(images.dtype)
    tint = torch.tensor(_ICE if images.shape[1] == 3 else (1.0,), dtype=images.dtype, device=images.device)
    return (images * kept + ice * texture * tint[:, None, None]).clamp_(0, 1)


def fog(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Lay fog over an image, in the form of a plasma fractal. See :mod:`rnas.data.corruptions.named`."""
    amount, decay = ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75))[severity - 1]
    height, width = images.shape[2:]
    veil = plasma("fog", seed, ids, height, width, decay).to(images.dtype)
    brightest = images.amax(dim=(1, 2, 3), keepdim=True)
    return ((images + amount * veil) * (brightest / (brightest + amount))).clamp_(0, 1)


def brightness(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Raise the value of hue, saturation and value by 0.05 to 0.3. See :mod:`rnas.data.corruptions.named`."""
    rise = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1]
    value = images.amax(dim=1, keepdim=True)
    raised = (value + rise).clamp_(max=1)
    # Hue and saturation stay the same if channels keep their proportions. Black has neither, and turns grey.
    share = torch.where(value > 0, images / value.clamp(min=torch.finfo(images.dtype).tiny), 1)
    return (share * raised).clamp_(0, 1)


def _grey(images: Tensor) -> Tensor:
    """Return the luma (n, 1, H, W) of images with three channels or one."""
    if images.shape[1] == 1:
        return images
    weights = torch.tensor(_LUMA, dtype=images.dtype, device=images.device)
    return (images * weights[:, None, None]).sum(dim=1, keepdim=True)
