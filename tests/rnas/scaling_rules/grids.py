"""Designs whose truth is known."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from rnas.networks import architecture as arch
from rnas.networks.cost import Integers
from rnas.networks.residual import ResidualNetwork
from rnas.scaling_rules.observations import Floats, Observations
from search_spaces.wide_resnet import DepthGrid, Grid, WidthGrid


def papers_grid(space: type[Grid]) -> Observations:
    """All networks of a grid of the paper, at 3x32x32 and ten classes, each with a score of 0."""
    grid = space(space.Settings(), (3, 32, 32), 10)
    genomes = grid.enumeration
    assert genomes is not None
    networks = [grid.decode(genome) for genome in genomes]
    assert all(isinstance(network, ResidualNetwork) for network in networks)
    cost = grid.cost(genomes)
    return Observations(
        metric="robust_accuracy",
        score=np.zeros(len(networks)),
        depths=np.array([network.depths for network in networks], dtype=np.float64),
        widths=np.array([network.widenings for network in networks]),
        flops=cost.flops.astype(np.float64),
        params=cost.params.astype(np.float64),
        blocks={},
        keys=tuple(arch.key(network) for network in networks),
    )


def depth_grid() -> Observations:
    """343 depths at widening 10."""
    return papers_grid(DepthGrid)


def width_grid() -> Observations:
    """512 widenings at depth 4."""
    return papers_grid(WidthGrid)


def small_grid(choices: Sequence[int] = (1, 2, 3), stages: int = 3) -> Observations:
    """All depths of some choices at widening 1, each with a score of 0."""
    depths = np.array(list(product(choices, repeat=stages)), dtype=np.float64)
    return design(depths, np.ones_like(depths))


def design(depths: Floats, widths: Floats) -> Observations:
    """Networks of depths and widths (n, stages), each with a score of 0; FLOPs as those of a WideResNet grow."""
    flops = 1e6 * (depths * widths**2).sum(axis=1)
    settings = np.hstack([depths, widths]).tolist()
    return Observations("score", np.zeros(len(depths)), depths, widths, flops, flops, {}, tuple(map(str, settings)))


def squared_distance(settings: Floats, proportion: Sequence[float]) -> Floats:
    """Of the log shares of settings (n, stages) from a proportion's."""
    ratios = np.log(settings / np.array(proportion))
    squared: Floats = ((ratios - ratios.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return squared


def shuffled(observations: Observations, rng: np.random.Generator) -> Observations:
    """The same rows in another order."""
    order: Integers = rng.permutation(len(observations))
    return observations[order]
