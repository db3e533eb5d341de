"""Variances of accuracies where networks are trained with the same seeds and attacked on the same images.

Seeds and images are crossed random factors: another seed, or another sample of images, would have given other numbers.
With S seeds and I images the mean squares of the complete layout have the expectations of J. Cornfield, J. W. Tukey,
"Average values of mean squares in factorials" (Annals of Mathematical Statistics, 1956), so that

    (MS of networks x seeds + MS of networks x images - MS of the three) / (S I)

estimates the variance of a network's mean where networks are compared: what seeds and images do to all networks alike
is not in it. Its degrees of freedom are those of F. E. Satterthwaite (Biometrics Bulletin, 1946).

Networks may have different numbers of seeds, each the first ones of all. Seeds are then the blocks of an incomplete
block design (F. Yates, Annals of Eugenics, 1940): means are adjusted for seeds by least squares, mean squares are those
of networks adjusted for seeds, and the numbers of seeds above become what the design makes of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rnas._typing import Bools, Floats

Rights = Sequence[Bools] | Bools
"""For each network whether it is right, (seeds, images), each with the first seeds of all and the same images."""

_DIGITS = 7
"""Sums of squares of right and wrong are above the last of them, or nothing but rounding."""


@dataclass(frozen=True)
class Variance:
    """An estimate of the variance of a mean.

    Attributes:
        value: at least 0.
        degrees: of freedom, at least 1.
    """

    value: float
    degrees: float

    @property
    def known(self) -> bool:
        """Whether it says how large the noise is: one of 0 says that so few seeds and images did not show any."""
        return self.value > 0


@dataclass(frozen=True)
class Layout:
    """Which network was trained with which seed: the cells, those of the first network first.

    Every projection is (cells, cells).

    Attributes:
        means: weights (networks, cells) of the networks' means, adjusted for seeds.
        mean: projection on what all cells have in common.
        networks: on differences between networks.
        adjusted: on the same adjusted for seeds.
        seeds: on differences between seeds, adjusted for networks.
        rest: on what neither networks nor seeds explain.
    """

    means: Floats
    mean: Floats
    networks: Floats
    adjusted: Floats
    seeds: Floats
    rest: Floats


@dataclass(frozen=True)
class _Stratum:
    """Mean square of one random factor, seeds or images, and that of the residual."""

    square: float
    degrees: float


@lru_cache(maxsize=64)
def layout(seeds: tuple[int, ...]) -> Layout:
    """Return the layout of networks with their numbers of seeds."""
    network = np.repeat(np.arange(len(seeds)), seeds)
    seed = np.concatenate([np.arange(count) for count in seeds])
    networks, blocks = np.eye(len(seeds))[network], np.eye(max(seeds))[seed]
    both = np.hstack([networks, blocks])
    mean = np.full((len(seed), len(seed)), 1 / len(seed))
    by_network, by_seed, by_both = (columns @ np.linalg.pinv(columns) for columns in (networks, blocks, both))
    # A network's own effect, and the average of those of all seeds.
    adjusted = np.hstack([np.eye(len(seeds)), np.full((len(seeds), max(seeds)), 1 / max(seeds))])
    return Layout(
        means=adjusted @ np.linalg.pinv(both),
        mean=mean,
        networks=by_network - mean,
        adjusted=by_both - by_seed,
        seeds=by_both - by_network,
        rest=np.eye(len(seed)) - by_both,
    )


def means(right: Rights) -> Floats:
    """Accuracy of each network, over seeds and images.

    Where some have fewer seeds they are adjusted for seeds, which can take one near an end a little out of [0, 1].
    """
    own = np.array([rows.mean() for rows in right])
    if len({len(rows) for rows in right}) == 1:
        return own
    cells = np.concatenate([rows.mean(axis=1) for rows in right])
    # Equal networks have equal means, whatever least squares leave of the last digits.
    adjusted: Floats = np.round(layout(_seeds(right)).means @ cells, 12)
    return adjusted


def compared_variances(right: Rights) -> Mapping[tuple[int, int], Variance]:
    """For each pair of networks half the variance of the difference of their means, noise pooled over all networks.

    With equal numbers of seeds this is one for all pairs: the variance of a network's mean where networks are compared.

    Args:
        right: at least two networks, each with at least two seeds and images.

    Raises:
        ValueError: there are fewer.
    """
    if len(right) < 2:
        raise ValueError(f"{len(right)} networks; there have to be two")
    design, images = layout(_seeds(right)), _images(right)
    by_cell, by_image = _grams(right)
    seed = _stratum([design.rest], by_cell)
    image = _stratum([design.adjusted], by_image, images - 1)
    both = _stratum([design.rest], by_image, images - 1)
    networks = np.repeat(np.eye(len(right)), _seeds(right), axis=0)
    # As many seeds as each network would have in a complete layout that knows as much of networks and images.
    seeds = float(np.trace(networks.T @ design.adjusted @ networks)) / (len(right) - 1)
    found = {}
    for first in range(len(right)):
        for second in range(first + 1, len(right)):
            share = float(np.sum((design.means[first] - design.means[second]) ** 2)) / 2
            found[first, second] = _crossed(seed, image, both, share / images, 1 / (seeds * images))
    return found


def mean_variances(right: Rights) -> list[Variance]:
    """Return the variance of each network's mean by itself, with noise pooled over networks.

    It is that of :func:`compared_variances`, and what seeds and images do to all networks alike.

    Where numbers of seeds differ, what all networks share of a seed is counted as if it were a network's own, which
    makes the variance no smaller than it is.

    Args:
        right: each network with at least two seeds and images.

    Raises:
        ValueError: there are fewer.
    """
    design, images = layout(_seeds(right)), _images(right)
    by_cell, by_image = _grams(right)
    seed = _stratum([design.seeds, design.rest], by_cell)
    image = _stratum([design.mean, design.networks], by_image, images - 1)
    both = _stratum([design.seeds, design.rest], by_image, images - 1)
    seeds = sum(_seeds(right)) / len(right)
    return [
        _crossed(seed, image, both, float(np.sum(weights**2)) / images, 1 / (seeds * images))
        for weights in design.means
    ]


def seed_degrees(right: Rights) -> int:
    """Degrees of freedom that the seeds alone give to comparisons of networks."""
    return _rank(layout(_seeds(right)).rest)


def _seeds(right: Rights) -> tuple[int, ...]:
    seeds = tuple(len(rows) for rows in right)
    if min(seeds) < 2:
        raise ValueError(f"{min(seeds)} seeds; there have to be two of each network")
    return seeds


def _images(right: Rights) -> int:
    images = right[0].shape[1]
    if images < 2:
        raise ValueError(f"{images} images; there have to be two")
    return int(images)


def _grams(right: Rights) -> tuple[Floats, Floats]:
    """Products of all cells with one another, over images: of the cells' means, and of what deviates from them."""
    cells = np.concatenate([rows.astype(np.float64) for rows in right])
    whole = cells.mean(axis=1, keepdims=True)
    away = cells - whole
    return cells.shape[1] * whole @ whole.T, away @ away.T


def _stratum(projections: Sequence[Floats], gram: Floats, times: int = 1) -> _Stratum:
    """The mean square of independent parts, with the degrees of freedom that it has by Satterthwaite.

    Args:
        projections: on the parts.
        gram: see :func:`_grams`.
        times: how many degrees of freedom each dimension of a projection has.
    """
    degrees = [times * _rank(projection) for projection in projections]
    parts = [max(round(float((projection * gram).sum()), _DIGITS), 0.0) / sum(degrees) for projection in projections]
    total = sum(parts)
    uncertain = sum(part**2 / free for part, free in zip(parts, degrees, strict=True) if free)
    return _Stratum(total, total**2 / uncertain if uncertain else sum(degrees))


def _rank(projection: Floats) -> int:
    return round(float(np.trace(projection)))


def _crossed(seed: _Stratum, image: _Stratum, both: _Stratum, per_seed: float, per_image: float) -> Variance:
    """The variance to which strata of seeds, of images and of both add up, by what a mean square of each counts."""
    # What images add is no less than nothing. What seeds add is left as it is estimated: its mean square has few
    # degrees of freedom, and to raise it where it comes out low would make it too large on average.
    value = per_seed * seed.square + per_image * max(image.square - both.square, 0.0)
    weighted = ((per_seed, seed), (per_image, image), (per_image, both))
    uncertain = sum((weight * stratum.square) ** 2 / stratum.degrees for weight, stratum in weighted)
    degrees = value**2 / uncertain if uncertain else seed.degrees
    return Variance(value, max(degrees, 1.0) if math.isfinite(degrees) else seed.degrees)
