"""Find the fifteen common corruptions by their published names.

Each corruption is a function of (images, severity, ids, seed). Images are (n, C, H, W) in [0, 1], with C 1 or 3 and H
and W at least 8. Severity is 1 to 5. Ids are (n,) int64; the random numbers for an image are a function of its id and
the seed, so they do not depend on the batch. The function returns new images of the same shape in [0, 1].

The severities are those of CIFAR-10-C, in pixels of 32x32 images, except where a docstring says that the image's own
size counts. Published files contain images that were truncated to 8 bits; these images are not.
"""

from collections.abc import Callable, Mapping

from torch import Tensor

from rnas.data.corruptions import _blur as blur
from rnas.data.corruptions import _digital as digital
from rnas.data.corruptions import _noise as noise
from rnas.data.corruptions import _weather as weather
from rnas.errors import InputError

Corruption = Callable[[Tensor, int, Tensor, int], Tensor]
"""A function from (images, severity, ids, seed) to corrupted images."""

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
"""All corruptions, in the order of the paper."""

FURTHER = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""Corruptions of the published sets that are not among the fifteen; they are read from files, and not computed."""

SEVERITIES = (1, 2, 3, 4, 5)
"""How strong a corruption can be; 5 is the strongest."""

OURS = ("motion_blur", "snow", "frost")
"""Corruptions that differ from how the published images were made; their results are not comparable with papers."""

_LEAST_SIDE = 8


def corrupted(name: str, images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Return images under a corruption.

    Args:
        name: a name from :data:`CORRUPTIONS`.
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
        raise InputError(f"severity {severity} of {name} does not exist: give one from 1 to 5")
    channels, height, width = images.shape[1:]
    if channels not in (1, 3) or min(height, width) < _LEAST_SIDE:
        raise InputError(
            f"{channels}x{height}x{width} images cannot be corrupted: they need 1 or 3 channels and at least "
            f"{_LEAST_SIDE}x{_LEAST_SIDE} pixels"
        )
    return CORRUPTIONS[name](images, severity, ids, seed)
