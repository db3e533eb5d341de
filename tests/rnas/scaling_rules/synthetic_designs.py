"""Designs of which the truth is planted: networks of robust-resnet's stages, with a score of our own."""

from collections.abc import Sequence

import numpy as np

from rnas._typing import Floats
from rnas.scaling_rules.observations import Observations


def random_design(n: int, seed: int = 0, most: int = 8, stages: int = 3) -> Observations:
    """Depths and widths drawn uniformly from 1 to ``most``, two topologies; FLOPs and params as ResNets' grow."""
    rng = np.random.default_rng(seed)
    depths = rng.integers(1, most + 1, size=(n, stages)).astype(np.float64)
    widths = rng.integers(1, most + 1, size=(n, stages)).astype(np.float64)
    topology = rng.choice(["basic", "bottleneck"], size=n)
    work = depths * widths**2 * np.where(topology == "basic", 1.0, 0.4)[:, None]
    return Observations(
        metric="robust_accuracy",
        score=np.zeros(n),
        depths=depths,
        widths=widths,
        flops=4.7e6 * work.sum(axis=1),
        params=4.6e3 * (work * 4.0 ** np.arange(stages)).sum(axis=1),
        blocks={"topology": topology},
        keys=tuple(map(str, range(n))),
    )


def tent(shares: Floats, planted: Sequence[float]) -> Floats:
    """(n,) with its top, 0, where shares (n, s) are in the planted proportion; straight on either side."""
    aim = np.array(planted) / sum(planted)
    return -np.asarray(np.abs(shares - aim).sum(axis=1))


def noise(n: int, deviation: float, seed: int = 0) -> Floats:
    """Normal noise (n,)."""
    return deviation * np.random.default_rng([seed, 7]).normal(size=n)
