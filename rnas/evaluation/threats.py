"""Define threat models, each a norm and a radius, threats that a network was not trained for, and their union."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import torch
from torch import Tensor

from rnas.attacks.attack import Attack, Norm
from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.utils.quantities import parse_epsilon, parse_fraction

Source = Literal["published", "ours", "given", "attack"]
"""Who chose a radius: a paper for these data, this package by a rule of its own, the user, or an attack's author."""

_PUBLISHED: tuple[str, Shape, Fraction] = ("cifar10", (3, 32, 32), Fraction(8, 255))


@dataclass(frozen=True)
class Threat:
    """Describe what an adversary may do to an image: add anything within a ball, and stay in [0, 1].

    Attributes:
        name: norm and radius in the written form, such as ``linf:8/255``.
        norm: norm of the ball, over all pixels and channels together.
        epsilon: radius of the ball, an exact fraction, for pixels in [0, 1]; an l2 or l1 radius may be above 1.
        source: origin of the radius.
    """

    name: str
    norm: Norm
    epsilon: Fraction
    source: Source


def parse_threat(text: str) -> Threat:
    """Parse ``"linf:8/255"``, ``"l2:0.5"`` or ``"l1:12"`` to a threat whose source is ``given``.

    Raises:
        InputError: the text is not a norm and a radius, the radius is below 0, or an l-infinity radius is above 1.
    """
    return _threat(text, "given")


def threat_of(attack: Attack) -> Threat:
    """Return the ball of an attack as a threat whose source is ``attack``."""
    return Threat(f"{attack.norm}:{_levels(attack.epsilon)}", attack.norm, attack.epsilon, "attack")


def unseen_threats(data: str, input_shape: Shape, epsilon: Fraction) -> tuple[Threat, ...]:
    """Return an l2 and an l1 ball, for networks for these images that are trained for an l-infinity ball.

    For CIFAR-10 at 8/255 the radii are 1.5 and 40, by which Liu et al. (CVPR 2023) compare architectures. rnas chose
    all others: in the same proportion to the image's size and the l-infinity radius, to two digits.

    Args:
        data: registered name of the data.
        input_shape: (C, H, W) of one image.
        epsilon: l-infinity radius that networks are trained for.
    """
    if (data, input_shape, epsilon) == _PUBLISHED:
        return _threat("l2:1.5", "published"), _threat("l1:40", "published")
    size = math.prod(input_shape)
    # At 8/255 and 3x32x32, 1.5 is 0.863 of epsilon * sqrt(size), and 40 is 0.415 of epsilon * size.
    l2 = _two_digits(float(epsilon) * math.sqrt(size) * 0.863)
    l1 = _two_digits(float(epsilon) * size * 0.415)
    return _threat(f"l2:{l2}", "ours"), _threat(f"l1:{l1}", "ours")


def robust_to_all(flags: Sequence[Tensor]) -> Tensor:
    """Return whether each image (n,) is correct under every threat: the AND of flags (n,), at least one.

    The flags are for the same images in the same order. The robustness to a union of threats is that to the worst of
    them, image by image (Tramer and Boneh, NeurIPS 2019), and never better than to any single one.
    """
    return torch.stack(tuple(flags)).bool().all(dim=0)


def _threat(text: str, source: Source) -> Threat:
    norm, colon, radius = (part.strip() for part in text.lower().partition(":"))
    known: tuple[Norm, ...] = get_args(Norm)
    if not colon or norm not in known:
        raise InputError(f"{text!r} is not a threat; write NORM:EPS with a norm of {', '.join(known)}, such as l2:0.5")
    try:
        epsilon = parse_epsilon(radius) if norm == "linf" else parse_fraction(radius)
    except InputError as error:
        raise InputError(f"threat {text!r}: {error}") from None
    return Threat(f"{norm}:{''.join(radius.split())}", known[known.index(norm)], epsilon, source)


def _levels(epsilon: Fraction) -> str:
    """Return the radius in levels of 8-bit pixels if it is a whole number of them, as papers write it."""
    return f"{epsilon * 255}/255" if (epsilon * 255).denominator == 1 else str(epsilon)


def _two_digits(value: float) -> str:
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):.{max(digits, 0)}f}"
