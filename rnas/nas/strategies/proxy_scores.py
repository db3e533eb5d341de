"""Zero-cost proxies as inputs of the surrogate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from rnas import registry
from rnas.errors import DivergedError, InputError
from rnas.nas.space import SearchSpace
from rnas.nas.strategies.candidates import genome_keys
from rnas.networks.cost import Integers

Floats = NDArray[np.float64]

IMAGES = 16
"""Images that a proxy sees. Of noise, so that it needs no data: NASWOT ranks alike on noise and on photographs."""


class ProxyScores:
    """Scores of genomes by proxies, each worked out once.

    Args:
        space: whose genomes are scored.
        names: of the proxies, as registered under ``rnas.proxies``.
    """

    def __init__(self, space: SearchSpace, names: Sequence[str]) -> None:
        self._space = space
        self._proxies: dict[str, Any] = {name: registry.load(registry.PROXIES, name) for name in names}
        generator = torch.Generator().manual_seed(0)
        self._images = torch.rand((IMAGES, *space.input_shape), generator=generator)
        self._known: dict[bytes, list[float]] = {}

    def __call__(self, genomes: Integers) -> Floats:
        """Genomes (n, v) to scores (n, proxies), higher meant to be better.

        -inf where no network can be worse, NaN where a proxy is not defined.
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
            f"proxy {name!r} scored a network {score}; a score is finite or -inf: it must be mended, or left out "
            "(rnas.testing.proxy.ProxyConformance tests for this)"
        )


def normal_scores_among(values: Floats, others: Floats) -> Floats:
    """Values (n,) as quantiles of N(0, 1) by their places among others (k,); 0, the middle, for NaN."""
    others = np.sort(others[~np.isnan(others)])
    below, up_to = (np.searchsorted(others, values, side=side) for side in ("left", "right"))
    scores = norm.ppf((below + up_to + 1) / 2 / (len(others) + 1))
    return np.where(np.isnan(values), 0.0, scores)
