"""Load the tables that strategies are compared on, in which all results are known."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats, Integers
from rnas.nas._setup import resolve
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.front import non_dominated, normalised
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import genome_keys, possible

_FILES = {
    "nas-robbench": ("nas_robbench_201_cifar10.csv.gz", 0.1),
    "nas-robbench-imagenet16": ("nas_robbench_201_imagenet16.csv.gz", 0.01),
}
"""File of each table that is not part of the project, and the accuracy that stands for chance."""

_COLUMN = "pgd_8"
TITLES = {
    "nas-robbench": "NAS-RobBench-201, CIFAR-10",
    "nas-robbench-imagenet16": "NAS-RobBench-201, ImageNet16-120",
    "digits-bench": "digits-bench",
    "planted-grid": "planted in the grid of WideResNets",
    "planted-cells": "planted in NAS-Bench-201 cells",
    "planted-robust-resnet": "planted in robust-resnet",
}
NAMES = tuple(TITLES)


class BenchmarkTable:
    """A table of accuracies, which are maximised, and costs, which are minimised.

    Args:
        name: name of a table of ``NAMES``. ``nas-robbench`` and ``nas-robbench-imagenet16``, which are not part of the
            project, take columns after a colon: ``nas-robbench:clean`` maximises clean accuracy, and
            ``nas-robbench:pgd_8+clean+params`` has four objectives, with FLOPs. The first column is that whose
            predictions are judged.
        path: file of a table that is not part of the project; None looks for it in the folder RNAS_TEST_DATA.
    """

    def __init__(self, name: str, path: Path | None = None) -> None:
        self.name = name
        self.file, _, columns = name.partition(":")
        names = columns.split("+") if columns else [_COLUMN]
        self.title = TITLES[self.file] + (f", {' and '.join(names)}" if self.file in _FILES else "")
        setup = resolve(SearchConfig.parse(_config(self.file, names, path), name), Path(), name)
        self.setup = setup
        self.problem = setup.problem
        self.accuracy = setup.problem.objectives[0].metric
        space = setup.space
        assert space.enumeration is not None
        self.genomes: Integers = space.enumeration[possible(setup.problem, space.enumeration)]
        evaluations = [setup.evaluator.evaluate(Task(space.decode(g), seed=0), Context()) for g in self.genomes]
        self.hash: str = evaluations[0].provenance["table"]["hash"]
        known = setup.problem.known(self.genomes)
        self.metrics: dict[str, Floats] = {
            o.metric: np.array([e.metrics.get(o.metric, math.nan) for e in evaluations])
            for o in setup.problem.objectives
        }
        self.metrics |= {name: known[name] for name in self.metrics if name in known}
        self._points = minimised(self.metrics, setup.problem.objectives)
        self._ideal = self._points.min(axis=0)
        chance = _FILES[self.file][1] if self.file in _FILES else 0.1
        self._nadir = self._points.max(axis=0)
        self._nadir[[o.direction == "maximize" for o in setup.problem.objectives]] = -chance
        self._rows = {key: row for row, key in enumerate(genome_keys(self.genomes))}

    @property
    def reference(self) -> Floats:
        """Return the reference point (objectives,) of the hypervolume on the scale of :meth:`scaled`."""
        return np.where([o.direction == "maximize" for o in self.problem.objectives], 1.0, 1.01)

    def rows(self, genomes: Integers) -> Integers:
        """Return the rows (n,) of genomes (n, v) in the table."""
        return np.array([self._rows[key] for key in genome_keys(genomes)], dtype=np.int64)

    def scaled(self, rows: Integers, failed: NDArray[np.bool_]) -> Floats:
        """Return points (n, objectives), minimised, with NaN for failed evaluations.

        An error is 0 at the table's best accuracy and 1 at chance. A cost is 0 at the table's smallest and 1 at its
        largest.
        """
        points = normalised(self._points[rows], self._nadir, self._ideal)
        return np.where(failed[:, None], np.nan, points)

    def front(self, failing: NDArray[np.bool_]) -> Floats:
        """Return the true front (k, objectives), on the scale of :meth:`scaled`, of the rows that do not fail."""
        points = self.scaled(np.arange(len(self.genomes)), failing)
        return points[non_dominated(points)]


def _config(file: str, columns: list[str], path: Path | None) -> Mapping[str, Any]:
    if file == "digits-bench":
        return {"space": "digits-bench", "evaluator": {"digits-bench": {}}}
    path = path or Path(os.environ.get("RNAS_TEST_DATA", ".")) / _FILES[file][0]
    directions = [(column, "minimize" if column == "params" else "maximize") for column in columns]
    return {
        "space": "nas-bench-201",
        "evaluator": {"table": str(path.absolute()), "architecture": "cell"},
        "objectives": [{"metric": m, "direction": d} for m, d in [*directions, ("flops_m", "minimize")]],
    }


def load_table(name: str, path: Path | None = None) -> BenchmarkTable:
    """Return the table of a name, with a file for one that is not part of the project."""
    # The module imports this one.
    from planted_table import PlantedTable

    return PlantedTable(name) if name.startswith("planted") else BenchmarkTable(name, path)
