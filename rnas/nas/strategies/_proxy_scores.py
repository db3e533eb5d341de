"""Compute scores of zero-cost proxies as inputs of the surrogate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import norm

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.errors import DivergedError, InputError
from rnas.nas.space import SearchSpace
from rnas.nas.strategies._candidates import genome_keys

IMAGES = 16
"""Number of images of noise that a proxy sees; no data are needed, as NASWOT ranks alike on noise and photographs."""


class ProxyScores:
    """The scores of genomes by proxies, each computed once.

    Args:
        space: search space of the genomes.
        names: names of proxies that are registered under ``rnas.proxies``.
    """

    def __init__(self, space: SearchSpace, names: Sequence[str]) -> None:
        self._space = space
        self._proxies: dict[str, Any] = {name: registry.load_or_import(registry.PROXIES, name) for name in names}
        generator = torch.Generator().manual_seed(0)
        self._images = torch.rand((IMAGES, *space.input_shape), generator=generator)
        self._known: dict[bytes, list[float]] = {}

    def __call__(self, genomes: Integers) -> Floats:
        """Score genomes (n, v) by each proxy, as (n, proxies); higher is meant to be better.

        A score is -inf if no network can be worse, and NaN if the proxy is not defined for the network.
        """
        keys = genome_keys(genomes)
        for key, genome in zip(keys, genomes, strict=True):
            if key not in self._known:
                self._known[key] = [self._score(name, genome) for name in self._proxies]
        return np.array([self._known[key] for key in keys]).reshape(len(genomes), len(self._proxies))

    def _score(self, name: str, genome: Integers) -> float:
        space, proxy = self._space, self._proxies[name]
        try:
            score = float(proxy(space.decode(genome), space.input_shape, space.num_classes, self._images, 0))
        except DivergedError:
            return -np.inf
        except InputError:
            return np.nan
        if score < np.inf:
            return score
        raise InputError(
            f"proxy {name!r} scored a network {score}, but a score is finite or -inf; fix the proxy, or leave it out "
            "(rnas.testing.proxy.ProxyConformance tests for this)"
        )


def normal_scores_among(values: Floats, others: Floats) -> Floats:
    """Convert values (n,) to quantiles of N(0, 1) by their ranks among others (k,); NaN becomes 0, the middle."""
    others = np.sort(others[~np.isnan(others)])
    below, up_to = (np.searchsorted(others, values, side=side) for side in ("left", "right"))
    scores = norm.ppf((below + up_to + 1) / 2 / (len(others) + 1))
    return np.where(np.isnan(values), 0.0, scores)
