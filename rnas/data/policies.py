"""Augment images by AutoAugment's policy for CIFAR-10 and by RandAugment, with the operations of Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    import torch
    from PIL import Image, ImageEnhance, ImageOps
    from torch import Generator, Tensor
else:
    torch = LazyModule("torch")
    Image = LazyModule("PIL.Image")
    ImageEnhance = LazyModule("PIL.ImageEnhance")
    ImageOps = LazyModule("PIL.ImageOps")

Operation = tuple[str, float]
"""Name of an operation, and its magnitude as a share, in [-1, 1], of the greatest that AutoAugment searched."""

_GREY = 128

GREATEST: Final = {
    "shear-x": 0.3,
    "shear-y": 0.3,
    "translate-x": 150 / 331,
    "translate-y": 150 / 331,
    "rotate": 30.0,
    "color": 0.9,
    "contrast": 0.9,
    "sharpness": 0.9,
    "brightness": 0.9,
    "posterize": 4.0,
    "solarize": 256.0,
    "autocontrast": 0.0,
    "equalize": 0.0,
    "invert": 0.0,
    "identity": 0.0,
}
"""Greatest magnitude of each operation: of a side, a share of the image, degrees, a change of the factor 1, bits that
are lost, levels that are inverted; 0 for an operation without magnitude.
"""

AUTOAUGMENT_CIFAR10: Final = (
    (("invert", 0.1, 7), ("contrast", 0.2, 6)),
    (("rotate", 0.7, 2), ("translate-x", 0.3, 9)),
    (("sharpness", 0.8, 1), ("sharpness", 0.9, 3)),
    (("shear-y", 0.5, 8), ("translate-y", 0.7, 9)),
    (("autocontrast", 0.5, 8), ("equalize", 0.9, 2)),
    (("shear-y", 0.2, 7), ("posterize", 0.3, 7)),
    (("color", 0.4, 3), ("brightness", 0.6, 7)),
    (("sharpness", 0.3, 9), ("brightness", 0.7, 9)),
    (("equalize", 0.6, 5), ("equalize", 0.5, 1)),
    (("contrast", 0.6, 7), ("sharpness", 0.6, 5)),
    (("color", 0.7, 7), ("translate-x", 0.5, 8)),
    (("equalize", 0.3, 7), ("autocontrast", 0.4, 8)),
    (("translate-y", 0.4, 3), ("sharpness", 0.2, 6)),
    (("brightness", 0.9, 6), ("color", 0.2, 8)),
    (("solarize", 0.5, 2), ("invert", 0.0, 3)),
    (("equalize", 0.2, 0), ("autocontrast", 0.6, 0)),
    (("equalize", 0.2, 8), ("equalize", 0.6, 4)),
    (("color", 0.9, 9), ("equalize", 0.6, 6)),
    (("autocontrast", 0.8, 4), ("solarize", 0.2, 8)),
    (("brightness", 0.1, 3), ("color", 0.7, 0)),
    (("solarize", 0.4, 5), ("autocontrast", 0.9, 3)),
    (("translate-y", 0.9, 9), ("translate-y", 0.7, 9)),
    (("autocontrast", 0.9, 2), ("solarize", 0.8, 3)),
    (("equalize", 0.8, 8), ("invert", 0.1, 3)),
    (("translate-y", 0.7, 9), ("autocontrast", 0.9, 1)),
)
"""The 25 sub-policies for CIFAR-10 (Cubuk et al., CVPR 2019, table 7): operation, probability, magnitude of 0 to 9."""

_LARGEST_LEVEL = 9

RANDAUGMENT: Final = tuple(name for name in GREATEST if name != "invert")
"""The 14 operations of RandAugment (Cubuk et al., NeurIPS 2020)."""

_DRAWN, _SHARE = 2, 9 / 30


def autoaugment(images: Tensor, generator: Generator, white: int) -> Tensor:
    """Apply one of the 25 sub-policies of AutoAugment for CIFAR-10 to each of the images (n, C, H, W).

    As in the code that papers use, places from outside the image are grey, and rotations have one direction; all other
    operations with a direction have either with probability one half.
    """
    chosen = torch.randint(len(AUTOAUGMENT_CIFAR10), (len(images),), generator=generator).tolist()
    draws = torch.rand(len(images), 2, generator=generator).tolist()
    signs = _signs(len(images), generator)
    return _applied(
        images,
        [
            [
                (name, (1 if name == "rotate" else sign) * level / _LARGEST_LEVEL)
                for (name, probability, level), draw, sign in zip(AUTOAUGMENT_CIFAR10[row], drawn, own, strict=True)
                if draw < probability
            ]
            for row, drawn, own in zip(chosen, draws, signs, strict=True)
        ],
        white,
    )


def randaugment(images: Tensor, generator: Generator, white: int) -> Tensor:
    """Apply two random operations of RandAugment to each of the images (n, C, H, W), at magnitude 9 of 30.

    These are the usual defaults; the paper chooses both numbers for each network and data set. Places from outside the
    image are grey.
    """
    chosen = torch.randint(len(RANDAUGMENT), (len(images), _DRAWN), generator=generator).tolist()
    signs = _signs(len(images), generator)
    return _applied(
        images,
        [
            [(RANDAUGMENT[row], sign * _SHARE) for row, sign in zip(rows, own, strict=True)]
            for rows, own in zip(chosen, signs, strict=True)
        ],
        white,
    )


def transformed(image: Image.Image, operation: Operation) -> Image.Image:
    """Return an image of Pillow, in mode L or RGB, after an operation."""
    name, share = operation
    amount = share * GREATEST[name]
    grey = (_GREY,) * len(image.getbands()) if image.mode != "L" else _GREY
    if name in ("autocontrast", "equalize", "invert"):
        changed: Image.Image = getattr(ImageOps, name)(image)
        return changed
    if name in ("color", "contrast", "sharpness", "brightness"):
        enhanced: Image.Image = getattr(ImageEnhance, name.capitalize())(image).enhance(1 + amount)
        return enhanced
    if name == "posterize":
        return ImageOps.posterize(image, round(8 - abs(amount)))
    if name == "solarize":
        return ImageOps.solarize(image, GREATEST[name] - abs(amount))  # type: ignore[arg-type]
    if name == "rotate":
        return image.rotate(amount, fillcolor=grey)
    if name == "identity":
        return image
    coefficients = {
        "shear-x": (1, amount, 0, 0, 1, 0),
        "shear-y": (1, 0, 0, amount, 1, 0),
        "translate-x": (1, 0, amount * image.size[0], 0, 1, 0),
        "translate-y": (1, 0, 0, 0, 1, amount * image.size[1]),
    }[name]
    resampling = Image.Resampling.BICUBIC if name.startswith("shear") else Image.Resampling.NEAREST
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, resampling, fillcolor=grey)


def _signs(count: int, generator: Generator) -> list[list[int]]:
    signs: list[list[int]] = (torch.randint(0, 2, (count, 2), generator=generator) * 2 - 1).tolist()
    return signs


def _applied(images: Tensor, plans: list[list[Operation]], white: int) -> Tensor:
    """Return images, each after its operations; Pillow works on the CPU and on bytes, whose white is 255."""
    levels = (images.detach().cpu().float() * (255 / white)).round_().clamp_(0, 255).byte()
    for image, operations in zip(levels, plans, strict=True):
        # Three channels are colours; any other number of channels are as many images without colour.
        parts = [image] if len(image) == 3 else list(image[:, None])
        for part in parts:
            array = part.permute(1, 2, 0).squeeze(2).contiguous().numpy()
            picture = Image.fromarray(array)
            for operation in operations:
                picture = transformed(picture, operation)
            pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
            part.copy_(pixels.view(*part.shape[1:], -1).permute(2, 0, 1))
    scaled = levels.float() * (white / 255)
    if not images.is_floating_point():
        scaled = scaled.round_()
    return torch.empty_like(images).copy_(scaled)
