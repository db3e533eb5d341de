"""The fifteen common corruptions by their published names.

Each is a function of (images, severity, ids, seed): images (n, C, H, W) in [0, 1], C 1 or 3, H and W at least 8;
severity 1 to 5; ids (n,) int64, of which, with the seed, an image's randomness is a function, so that batches change
nothing; it returns new images of the same shape in [0, 1].

The severities are those of CIFAR-10-C, in pixels of 32x32 images except where an image's own size is said to count.
Published files hold images that were cut off to 8 bits; these are not.
"""

from collections.abc import Callable, Mapping

from torch import Tensor

from rnas.data.corruptions import blur, digital, noise, weather
from rnas.errors import InputError

Corruption = Callable[[Tensor, int, Tensor, int], Tensor]
"""From (images, severity, ids, seed) to corrupted images."""

CORRUPTIONS: Mapping[str, Corruption] = {
    "gaussian_noise": noise.gaussian_noise,
    "shot_noise": noise.shot_noise,
    "impulse_noise": noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "glass_blur": blur.glass_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "snow": weather.snow,
    "frost": weather.frost,
    "fog": weather.fog,
    "brightness": weather.brightness,
    "contrast": digital.contrast,
    "elastic_transform": digital.elastic_transform,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
}
"""In the order of the paper."""

SEVERITIES = (1, 2, 3, 4, 5)
"""How strong a corruption can be; 5 is the strongest."""

OURS = ("motion_blur", "snow", "frost")
"""Made otherwise than the published images were: not comparable with published numbers."""

_LEAST_SIDE = 8


def corrupted(name: str, images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Images under a corruption.

    Args:
        name: one of :data:`CORRUPTIONS`.
        images: (n, C, H, W) in [0, 1].
        severity: 1 to 5.
        ids: (n,) int64.
        seed: any whole number.

    Returns:
        (n, C, H, W) in [0, 1], a new tensor.

    Raises:
        InputError: there is no such corruption or severity, or it cannot be applied to images of this shape.
    """
    if name not in CORRUPTIONS:
        raise InputError(f"unknown corruption {name!r}; known: {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise InputError(f"severity {severity} of {name}: give one of 1 to 5")
    channels, height, width = images.shape[1:]
    if channels not in (1, 3) or min(height, width) < _LEAST_SIDE:
        raise InputError(
            f"{channels}x{height}x{width} images cannot be corrupted: it takes 1 or 3 channels and at least "
            f"{_LEAST_SIDE}x{_LEAST_SIDE} pixels"
        )
    return CORRUPTIONS[name](images, severity, ids, seed)
