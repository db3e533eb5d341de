"""Plant a robust accuracy of known shape in a search space, so that strategies are compared on other landscapes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmark_table import TITLES, BenchmarkTable

from rnas._typing import Floats, Integers
from rnas.nas._problem import problem_of
from rnas.nas._setup import resolve
from rnas.nas.config import SearchConfig
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.space import SearchSpace
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategies._inner_search import candidates
from rnas.nas.strategy import Problem

SPACES = {
    "planted-grid": {"name": "wide-resnet-compound", "depths": [4, 5, 7, 9, 11], "widths": [8, 10, 12, 14, 16]},
    "planted-cells": {"name": "nas-bench-201"},
    "planted-robust-resnet": {"name": "robust-resnet", "flops": "1G:10G"},
}
_ROUGHNESS = {"planted-grid": 0.004, "planted-cells": 0.008, "planted-robust-resnet": 0.004}
"""Standard deviation of what is particular to a network, in accuracy."""

_BROKEN = {"planted-cells": 0.2}
"""Share of the networks that do not learn, where there are any: they are at chance."""

_CHANCE, _GAIN = 0.1, 0.5
_CURVATURE, _INTERACTION = 1.5, 1.0
_FRONT_POPULATION, _FRONT_GENERATIONS = 200, 150


class PlantedTable(BenchmarkTable):
    """A table whose robust accuracy follows from capacity, optimal choices, interactions, and what is particular.

    Accuracy grows with the logarithm of FLOPs and saturates; it falls with the squared distance of each variable from
    an optimum, and with the products of distances of pairs of variables. The true front of a space that is too large to
    enumerate is the best that a long NSGA-II on the true values finds.
    """

    def __init__(self, name: str) -> None:
        self.name = self.file = name
        self.title = TITLES[name]
        self.problem, self.accuracy, self._landscape = planted(name)
        space = self.problem.space
        self.hash = "planted-1"
        self.metrics = {o.metric: np.empty(0) for o in self.problem.objectives}
        self.genomes = np.empty((0, len(space.variables)), dtype=np.int64)
        self._points = np.empty((0, len(self.problem.objectives)))
        self._rows: dict[bytes, int] = {}
        listed = space.enumeration
        self._best = self.rows(self._nsga2() if listed is None else listed)
        self._ideal, worst = self._points.min(axis=0), self._points.max(axis=0)
        self._nadir = np.array([-_CHANCE, worst[1] if listed is not None else space.flops_range[1]])

    def rows(self, genomes: Integers) -> Integers:
        """Return the rows (n,) of genomes (n, v), which are added to the table if they are new."""
        keys = genome_keys(genomes)
        new = [row for key, row in {key: row for row, key in enumerate(keys)}.items() if key not in self._rows]
        if new:
            added = genomes[new]
            known = self.problem.known(added)
            columns = {**known, self.accuracy: self._landscape(added, known["flops"])}
            self.metrics = {name: np.append(values, columns[name]) for name, values in self.metrics.items()}
            self._points = np.concatenate([self._points, minimised(columns, self.problem.objectives)])
            self._rows |= {keys[row]: len(self.genomes) + place for place, row in enumerate(new)}
            self.genomes = np.concatenate([self.genomes, added])
        return super().rows(genomes)

    def _nsga2(self) -> Integers:
        def points(genomes: Integers) -> Floats:
            known = self.problem.known(genomes)
            return minimised(
                {**known, self.accuracy: self._landscape(genomes, known["flops"])}, self.problem.objectives
            )

        rng = np.random.default_rng(0)
        start = self.problem.space.sample(50, rng)
        for _ in range(3):
            visited = candidates(
                self.problem,
                points,
                start,
                set(),
                rng,
                population=_FRONT_POPULATION,
                generations=_FRONT_GENERATIONS,
            )
            start = visited[non_dominated(points(visited))][: _FRONT_POPULATION // 2]
        return visited[non_dominated(points(visited))]


class _Landscape:
    """The planted robust accuracy of genomes."""

    def __init__(self, name: str, space: SearchSpace) -> None:
        self._space, self._name = space, name
        rng = np.random.default_rng(sum(name.encode()))
        # Position of each choice on a line: in order, or anywhere for choices without one.
        self._positions = [
            np.linspace(0, 1, len(v.choices)) if v.ordered else rng.random(len(v.choices)) for v in space.variables
        ]
        variables = len(space.variables)
        self._optimum = rng.uniform(0.2, 0.9, variables)
        self._curvature = rng.exponential(_CURVATURE / np.sqrt(variables), variables)
        pairs = np.triu(rng.normal(0, _INTERACTION / variables, (variables, variables)), 1)
        self._pairs = pairs + pairs.T
        self._range = np.log(np.maximum(space.flops_range, 1))
        sample = space.uniform(1000, np.random.default_rng(0))
        self._broken = np.quantile(self._penalty(sample), 1 - _BROKEN[name]) if name in _BROKEN else np.inf

    def __call__(self, genomes: Integers, flops: Floats) -> Floats:
        """Return the accuracy (n,) of canonical genomes (n, v)."""
        low, high = self._range
        capacity = 0.1 + 0.9 * np.clip((np.log(np.maximum(flops, 1)) - low) / (high - low), 0, 1)
        penalty = self._penalty(genomes)
        own = np.array([np.random.default_rng(genome).normal() for genome in genomes.tolist()])
        accuracy = _CHANCE + _GAIN * (1 - np.exp(-3 * capacity)) * np.exp(-penalty) + _ROUGHNESS[self._name] * own
        return np.where(penalty > self._broken, _CHANCE, np.clip(accuracy, _CHANCE, 1))

    def _penalty(self, genomes: Integers) -> Floats:
        away = np.stack([place[genomes[:, v]] for v, place in enumerate(self._positions)], axis=1) - self._optimum
        penalty: Floats = (self._curvature * away**2).sum(axis=1) + ((away @ self._pairs) * away).sum(axis=1)
        return np.logaddexp(0, 4 * penalty) / 4


def planted(name: str) -> tuple[Problem, str, Callable[[Integers, Floats], Floats]]:
    """Return the problem of a planted table, the metric of its accuracy, and the function from genomes (n, v) and their
    FLOPs (n,) to it."""
    # The evaluator only has to be one: results come from the planted function.
    settings = {"space": SPACES[name], "evaluator": {"train": {}}}
    setup = resolve(SearchConfig.parse(settings, name), Path(), name)
    problem = problem_of(setup.space, setup.evaluator, setup.problem.objectives)
    return problem, setup.problem.objectives[0].metric, _Landscape(name, setup.space)
