"""Variances of accuracies where every network is trained with the same seeds and attacked on the same images.

Seeds and images are crossed random factors: another seed, or another sample of images, would have given other numbers.
With S seeds and I images the mean squares of the complete layout have the expectations of J. Cornfield, J. W. Tukey,
"Average values of mean squares in factorials" (Annals of Mathematical Statistics, 1956), so that

    (MS of networks x seeds + MS of networks x images - MS of the three) / (S I)

estimates the variance of a network's mean where networks are compared: what seeds and images do to all networks alike
is not in it. Its degrees of freedom are those of F. E. Satterthwaite (Biometrics Bulletin, 1946).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Variance:
    """An estimate of the variance of a mean.

    Attributes:
        value: at least 0.
        degrees: of freedom, at least 1.
    """

    value: float
    degrees: float


@dataclass(frozen=True)
class _Stratum:
    """What one way of drawing anew, seeds or images, adds: its mean square, and that of what is left."""

    square: float
    degrees: float


def compared_variance(right: Bools) -> Variance:
    """The variance of a network's mean where networks are compared, pooled over them.

    The difference of two means has twice this variance.

    Args:
        right: whether a network is right, (networks, seeds, images), at least two of each.

    Raises:
        ValueError: there are fewer.
    """
    networks, seeds, images = right.shape
    if min(right.shape) < 2:
        raise ValueError(f"{networks} networks, {seeds} seeds, {images} images; there have to be two of each")
    by_seed, by_image, both = _squares(right, 0)
    free = networks - 1
    return _crossed(
        _Stratum(by_seed / (free * (seeds - 1)), free * (seeds - 1)),
        _Stratum(by_image / (free * (images - 1)), free * (images - 1)),
        _Stratum(both / (free * (seeds - 1) * (images - 1)), free * (seeds - 1) * (images - 1)),
        seeds * images,
    )


def mean_variance(right: Bools) -> Variance:
    """The variance of a network's mean by itself, pooled over networks: as :func:`compared_variance`, and what seeds
    and images do to all networks alike.

    Args:
        right: whether a network is right, (networks, seeds, images), at least two seeds and images.

    Raises:
        ValueError: there are fewer.
    """
    networks, seeds, images = right.shape
    if min(seeds, images) < 2:
        raise ValueError(f"{seeds} seeds, {images} images; there have to be two of each")
    shared, own = _squares(right.mean(axis=0, keepdims=True), None), _squares(right, 0)
    strata = []
    for free, common, single in zip((seeds - 1, images - 1, (seeds - 1) * (images - 1)), shared, own, strict=True):
        # The mean over networks of their own mean squares; only its first part is common to them.
        first, second = common * networks / free, single / free
        squares = [first / networks, second / networks]
        degrees = [free, free * (networks - 1)]
        strata.append(_pooled(squares, degrees))
    by_seed, by_image, both = strata
    return _crossed(by_seed, by_image, both, seeds * images)


def _squares(values: NDArray[np.generic], centre: int | None) -> tuple[float, float, float]:
    """Sums of squares (networks, seeds, images) by seeds, by images and by both; off the mean over networks, or not."""
    y = values.astype(np.float64)
    if centre is not None:
        y = y - y.mean(axis=centre, keepdims=True)
    whole = y.mean(axis=(1, 2), keepdims=True)
    seed = y.mean(axis=2, keepdims=True) - whole
    image = y.mean(axis=1, keepdims=True) - whole
    rest = y - whole - seed - image
    _, seeds, images = y.shape
    return float(images * (seed**2).sum()), float(seeds * (image**2).sum()), float((rest**2).sum())


def _pooled(parts: Sequence[float], degrees: Sequence[float]) -> _Stratum:
    """A sum of independent mean squares with the degrees of freedom that it has by Satterthwaite."""
    total = sum(parts)
    uncertain = sum(part**2 / free for part, free in zip(parts, degrees, strict=True) if free)
    return _Stratum(total, total**2 / uncertain if uncertain else sum(degrees))


def _crossed(by_seed: _Stratum, by_image: _Stratum, both: _Stratum, trials: int) -> Variance:
    # What images add is no less than nothing. What seeds add is left as it is estimated: its mean square has few
    # degrees of freedom, and to raise it where it comes out low would make it too large on average.
    value = by_seed.square + max(by_image.square - both.square, 0.0)
    uncertain = sum(stratum.square**2 / stratum.degrees for stratum in (by_seed, by_image, both))
    degrees = value**2 / uncertain if uncertain else by_seed.degrees
    return Variance(value / trials, max(degrees, 1.0) if math.isfinite(degrees) else by_seed.degrees)
