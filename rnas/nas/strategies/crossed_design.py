"""Choose networks by a crossed design, so that the effects of their properties can be separated.

At equal FLOPs, shares of depth and width are correlated with params, so that a rule of shares and a rule of capacity
predict almost the same. Here each next network adds the most information to a quadratic model of shares, r_D and log
params. This is a D-optimal design (Fedorov, Theory of Optimal Experiments, 1972) built sequentially (Wynn, Annals of
Mathematical Statistics 1970). The results are not used. Give the space a narrow band of FLOPs.
"""

from itertools import combinations

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.strategies._candidates import listed, sample_fresh, taken
from rnas.nas.strategy import Problem, Proposal, View
from rnas.networks._stage_shares import depth_to_width, stage_shares
from rnas.networks.residual import ResidualNetwork

_DRAWN = 96
_DRAFTS = 3 * _DRAWN
"""Most genomes that are drawn for one pool. In a band so narrow that they do not suffice, drawing takes minutes."""

_RIDGE = 1e-3

_FEW = 12
"""Largest number of columns for which squares and products are also terms."""


class CrossedDesign:
    """Residual networks whose shares of depth, shares of width, r_D and params vary independently of each other.

    In other spaces, features replace shares and are not squared.

    Args:
        problem: the problem to search.

    Raises:
        InputError: the space is large, and so few of its networks are found inside its bands that effects cannot be
            separated.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        # The scale of the columns must be the same for every batch.
        sample = sample_fresh(problem, _DRAWN, set(), np.random.default_rng(0), _DRAFTS)
        if len(sample) < _DRAWN and listed(problem) is None:
            raise InputError(
                f"crossed compares {_DRAWN} networks, and {_DRAFTS} drafts inside the bands of space "
                f"{problem.space.name!r} gave {len(sample)}: {problem.space.remedy or 'choose another strategy'}"
            )
        columns = self._columns(sample)
        self._mean, self._spread = columns.mean(axis=0), columns.std(axis=0)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose the genomes that add the most information; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        pool = sample_fresh(self._problem, max(_DRAWN, n), taken(view), rng, max(_DRAFTS, 3 * n))
        if len(pool) == 0:
            return []
        before = self._model(np.concatenate([view.genomes, view.pending]))
        return [Proposal(pool[row]) for row in most_informative(self._model(pool), before, n)]

    def _columns(self, genomes: Integers) -> Floats:
        """Return the properties (n, c) of networks (n, v); log params come first."""
        known = self._problem.known(genomes)
        costs = np.log(np.maximum(np.stack([known["params"], known["flops"]], axis=1), 1))
        networks = [self._problem.space.decode(genome) for genome in genomes]
        residual = [network for network in networks if isinstance(network, ResidualNetwork)]
        if len(residual) < len(networks) or not networks:
            return np.column_stack([costs, self._problem.space.features(genomes)])
        depths = np.array([network.depths for network in residual], dtype=np.float64)
        widths = np.array([network.widenings for network in residual])
        # The last share is one minus the sum of the others.
        shares = [stage_shares(sizes)[:, :-1] for sizes in (depths, widths)]
        return np.column_stack([costs, *shares, depth_to_width(depths, widths)])

    def _model(self, genomes: Integers) -> Floats:
        """Return the terms (n, t) of a quadratic model, or of a linear one if there are many columns."""
        if len(genomes) == 0:
            return np.empty((0, 0))
        scaled = (self._columns(genomes) - self._mean) / np.where(self._spread > 0, self._spread, 1.0)
        return quadratic(scaled) if scaled.shape[1] <= _FEW else np.column_stack([np.ones(len(scaled)), scaled])


def quadratic(columns: Floats) -> Floats:
    """Return 1, the columns (n, c), their squares and their products, as (n, 1 + 2 c + c (c - 1) / 2)."""
    products = [columns[:, i] * columns[:, j] for i, j in combinations(range(columns.shape[1]), 2)]
    return np.column_stack([np.ones(len(columns)), columns, columns**2, *products])


def most_informative(terms: Floats, before: Floats, n: int) -> list[int]:
    """Choose up to ``n`` rows of terms (m, t), each adding most to the determinant of the information.

    Args:
        terms: (m, t) terms of the candidates.
        before: (k, t) terms of the networks that are already in the design; (0, 0) if there are none.
        n: number of rows to choose.
    """
    information = _RIDGE * np.eye(terms.shape[1])
    if len(before):
        information = information + before.T @ before
    inverse = np.linalg.inv(information)
    free = np.ones(len(terms), dtype=bool)
    chosen: list[int] = []
    for _ in range(min(n, len(terms))):
        # By the matrix determinant lemma the determinant grows by the factor 1 + x' M^-1 x.
        leverage = np.where(free, np.einsum("ij,jk,ik->i", terms, inverse, terms), -np.inf)
        row = int(leverage.argmax())
        chosen.append(row)
        free[row] = False
        step = inverse @ terms[row]
        inverse -= np.outer(step, step) / (1 + terms[row] @ step)
    return chosen
