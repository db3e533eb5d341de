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

REFERENCE = np.array([1.0, 1.01])
"""Reference point of the hypervolume on the scale of :meth:`BenchmarkTable.scaled`."""

_CHANCE = 0.10
_NAS_ROBBENCH_FILE = "nas_robbench_201_cifar10.csv.gz"
_ACCURACY = {"nas-robbench": "pgd_8", "digits-bench": "robust_accuracy"}
TITLES = {"nas-robbench": "NAS-RobBench-201", "digits-bench": "digits-bench"}
NAMES = tuple(TITLES)


class BenchmarkTable:
    """A table of robust accuracy, which is maximised, and FLOPs, which are minimised.

    Args:
        name: ``nas-robbench``, which is not part of the project, or ``digits-bench``.
        path: file of ``nas-robbench``; None looks for it in the folder RNAS_TEST_DATA.
    """

    def __init__(self, name: str, path: Path | None = None) -> None:
        setup = resolve(SearchConfig.parse(_config(name, path), name), Path(), name)
        self.name = name
        self.problem = setup.problem
        self.accuracy = _ACCURACY[name]
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
        self._nadir = np.array([-_CHANCE, self._points[:, 1].max()])
        self._rows = {key: row for row, key in enumerate(genome_keys(self.genomes))}

    def rows(self, genomes: Integers) -> Integers:
        """Return the rows (n,) of genomes (n, v) in the table."""
        return np.array([self._rows[key] for key in genome_keys(genomes)], dtype=np.int64)

    def scaled(self, rows: Integers, failed: NDArray[np.bool_]) -> Floats:
        """Return points (n, 2), minimised, with NaN for failed evaluations.

        Error is 0 at the table's best accuracy and 1 at chance. FLOPs are 0 at the table's smallest and 1 at its
        largest.
        """
        points = normalised(self._points[rows], self._nadir, self._ideal)
        return np.where(failed[:, None], np.nan, points)

    def front(self, failing: NDArray[np.bool_]) -> Floats:
        """Return the true front (k, 2), on the scale of :meth:`scaled`, of the rows that do not fail."""
        points = self.scaled(np.arange(len(self.genomes)), failing)
        return points[non_dominated(points)]


def _config(name: str, path: Path | None) -> Mapping[str, Any]:
    if name == "digits-bench":
        return {"space": "digits-bench", "evaluator": {"digits-bench": {}}}
    path = path or Path(os.environ.get("RNAS_TEST_DATA", ".")) / _NAS_ROBBENCH_FILE
    return {
        "space": "nas-bench-201",
        "evaluator": {"table": str(path.absolute()), "architecture": "cell"},
        "objectives": [
            {"metric": _ACCURACY[name], "direction": "maximize"},
            {"metric": "flops_m", "direction": "minimize"},
        ],
    }
