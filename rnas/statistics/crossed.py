"""Estimate variances of accuracies of networks that share their training seeds and their attacked images.

Seeds and images are crossed random factors: other seeds or another sample of images would give other accuracies.
With S seeds and I images, the mean squares of the complete layout have the expectations of J. Cornfield, J. W. Tukey,
"Average values of mean squares in factorials" (Annals of Mathematical Statistics, 1956), so that

    (MS of networks x seeds + MS of networks x images - MS of the three) / (S I)

estimates the variance of a network's mean in a comparison of networks. The effect of seeds and images that is the same
for all networks is not part of it. Its degrees of freedom follow F. E. Satterthwaite (Biometrics Bulletin, 1946).

Networks may have different numbers of seeds; each network has the first seeds of the list. Seeds are then the blocks of
an incomplete block design (F. Yates, Annals of Eugenics, 1940). Means are adjusted for seeds by least squares, mean
squares are those of networks adjusted for seeds, and numbers that the design gives replace the numbers of seeds above.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rnas._typing import Bools, Floats

Rights = Sequence[Bools] | Bools
"""For each network, whether it is right, (seeds, images); each has the first seeds of the list and the same images."""

_DIGITS = 7
"""A sum of squares of right and wrong is above this value, or it is only rounding error."""


@dataclass(frozen=True)
class Variance:
    """Hold an estimate of the variance of a mean.

    Attributes:
        value: the estimate, at least 0.
        degrees: its degrees of freedom, at least 1.
    """

    value: float
    degrees: float

    @property
    def known(self) -> bool:
        """Return whether the noise is known; an estimate of 0 means that too few seeds and images showed any."""
        return self.value > 0


@dataclass(frozen=True)
class Layout:
    """Describe which network was trained with which seed. Each such pair is a cell; cells are in order of networks.

    Every projection is (cells, cells).

    Attributes:
        means: weights (networks, cells) of the networks' means, adjusted for seeds.
        mean: projection on what all cells have in common.
        networks: projection on differences between networks.
        adjusted: projection on differences between networks, adjusted for seeds.
        seeds: projection on differences between seeds, adjusted for networks.
        rest: projection on what neither networks nor seeds explain.
    """

    means: Floats
    mean: Floats
    networks: Floats
    adjusted: Floats
    seeds: Floats
    rest: Floats


@dataclass(frozen=True)
class _Stratum:
    """Hold the mean square of one random factor, seeds or images, and that of the residual."""

    square: float
    degrees: float


@lru_cache(maxsize=64)
def layout(seeds: tuple[int, ...]) -> Layout:
    """Return the layout of networks with these numbers of seeds."""
    network = np.repeat(np.arange(len(seeds)), seeds)
    seed = np.concatenate([np.arange(count) for count in seeds])
    networks, blocks = np.eye(len(seeds))[network], np.eye(max(seeds))[seed]
    both = np.hstack([networks, blocks])
    mean = np.full((len(seed), len(seed)), 1 / len(seed))
    by_network, by_seed, by_both = (columns @ np.linalg.pinv(columns) for columns in (networks, blocks, both))
    # A network's mean is its own effect plus the average effect of all seeds.
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
    """Return the accuracy of each network, over seeds and images.

    If some networks have fewer seeds, the means are adjusted for seeds, which can put a mean slightly outside [0, 1].
    """
    own = np.array([rows.mean() for rows in right])
    if len({len(rows) for rows in right}) == 1:
        return own
    cells = np.concatenate([rows.mean(axis=1) for rows in right])
    # Equal networks get equal means, although least squares may differ in the last digits.
    adjusted: Floats = np.round(layout(_seeds(right)).means @ cells, 12)
    return adjusted


def compared_variances(right: Rights) -> Mapping[tuple[int, int], Variance]:
    """Return, for each pair of networks, half the variance of the difference of their means, with noise pooled.

    With equal numbers of seeds it is the same for all pairs: the variance of a network's mean in a comparison.

    Args:
        right: at least two networks, each with at least two seeds and images.

    Raises:
        ValueError: there are fewer networks, seeds or images.
    """
    if len(right) < 2:
        raise ValueError(f"there are {len(right)} networks; a comparison needs at least two")
    design, images = layout(_seeds(right)), _images(right)
    by_cell, by_image = _grams(right)
    seed = _stratum([design.rest], by_cell)
    image = _stratum([design.adjusted], by_image, images - 1)
    both = _stratum([design.rest], by_image, images - 1)
    networks = np.repeat(np.eye(len(right)), _seeds(right), axis=0)
    # This is the number of seeds of a complete layout that would give as much information on networks and images.
    seeds = float(np.trace(networks.T @ design.adjusted @ networks)) / (len(right) - 1)
    found = {}
    for first in range(len(right)):
        for second in range(first + 1, len(right)):
            share = float(np.sum((design.means[first] - design.means[second]) ** 2)) / 2
            found[first, second] = _crossed(seed, image, both, share / images, 1 / (seeds * images))
    return found


def mean_variances(right: Rights) -> list[Variance]:
    """Return the variance of each network's mean by itself, with noise pooled over networks.

    It adds to :func:`compared_variances` the effect of seeds and images that is the same for all networks. If numbers
    of seeds differ, the effect of a seed on all networks counts as if it were a network's own, which never makes the
    variance too small.

    Args:
        right: networks, each with at least two seeds and images.

    Raises:
        ValueError: there are fewer seeds or images.
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
    """Return the degrees of freedom that the seeds alone give to comparisons of networks."""
    return _rank(layout(_seeds(right)).rest)


def _seeds(right: Rights) -> tuple[int, ...]:
    seeds = tuple(len(rows) for rows in right)
    if min(seeds) < 2:
        raise ValueError(f"a network has {min(seeds)} seeds; each network needs at least two")
    return seeds


def _images(right: Rights) -> int:
    images = right[0].shape[1]
    if images < 2:
        raise ValueError(f"there are {images} images; at least two are needed")
    return int(images)


def _grams(right: Rights) -> tuple[Floats, Floats]:
    """Return products of all cells with one another, over images: of the cells' means, and of deviations from them."""
    cells = np.concatenate([rows.astype(np.float64) for rows in right])
    whole = cells.mean(axis=1, keepdims=True)
    away = cells - whole
    return cells.shape[1] * whole @ whole.T, away @ away.T


def _stratum(projections: Sequence[Floats], gram: Floats, times: int = 1) -> _Stratum:
    """Return the mean square of independent components, with its degrees of freedom by Satterthwaite.

    Args:
        projections: projections on the components.
        gram: products of cells; see :func:`_grams`.
        times: degrees of freedom of each dimension of a projection.
    """
    degrees = [times * _rank(projection) for projection in projections]
    parts = [max(round(float((projection * gram).sum()), _DIGITS), 0.0) / sum(degrees) for projection in projections]
    total = sum(parts)
    uncertain = sum(part**2 / free for part, free in zip(parts, degrees, strict=True) if free)
    return _Stratum(total, total**2 / uncertain if uncertain else sum(degrees))


def _rank(projection: Floats) -> int:
    return round(float(np.trace(projection)))


def _crossed(seed: _Stratum, image: _Stratum, both: _Stratum, per_seed: float, per_image: float) -> Variance:
    """Add the strata of seeds, of images and of both to a variance, with the weight of each mean square."""
    # The contribution of images is at least 0. The contribution of seeds stays as estimated: its mean square has few
    # degrees of freedom, and raising low estimates would make it too large on average.
    value = per_seed * seed.square + per_image * max(image.square - both.square, 0.0)
    weighted = ((per_seed, seed), (per_image, image), (per_image, both))
    uncertain = sum((weight * stratum.square) ** 2 / stratum.degrees for weight, stratum in weighted)
    degrees = value**2 / uncertain if uncertain else seed.degrees
    return Variance(value, max(degrees, 1.0) if math.isfinite(degrees) else seed.degrees)
