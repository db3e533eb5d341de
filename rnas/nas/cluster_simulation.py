"""Simulate a search on a large cluster, with batches and asynchronously, to size what is rented for it."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.nas._loop import Loop
from rnas.nas._setup import Setup, require_single_proposals
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.nas.execution.virtual_cluster import VirtualCluster
from rnas.nas.front import hypervolume_history, normalised
from rnas.nas.ledger import Ledger
from rnas.nas.objective import minimised

SHARES = (0.25, 0.5, 1.0)
"""Shares of the evaluations after which the hypervolume is given."""

_SAMPLES = 256


@dataclass(frozen=True)
class SimulatedSearch:
    """Hold what a search would take on a cluster.

    Attributes:
        asynchronous: whether networks were proposed one by one, and not in batches of as many as there are workers.
        evaluations: number of results.
        hours: time of the whole search.
        worker_hours: time of all workers, idle or not: what is paid.
        utilisation: share of that time in which workers evaluated.
        utilisation_before_end: the same share up to the start of the last evaluation, when nothing is left to propose.
        lost: attempts that were lost, and started again.
        driver_seconds: processor time of this program for each evaluation, in seconds; as an average it must be below
            the time of an evaluation divided by the number of workers.
        hypervolume: after a quarter, half and all of the evaluations, with the hours until then: share of all that is
            possible, or None if the objectives have no bounds.
    """

    asynchronous: bool
    evaluations: int
    hours: float
    worker_hours: float
    utilisation: float
    utilisation_before_end: float
    lost: int
    driver_seconds: float
    hypervolume: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class ClusterSimulation:
    """Hold both ways to propose on the same cluster.

    Attributes:
        model: the cluster.
        searches: the search in batches, and the asynchronous one.
    """

    model: ClusterModel
    searches: tuple[SimulatedSearch, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the simulation as JSON values."""
        return {"cluster": self.model.model_dump(mode="json"), "searches": [asdict(each) for each in self.searches]}


def simulate_cluster(
    setup: Setup, model: ClusterModel, progress: Callable[[int], None] = lambda done: None
) -> ClusterSimulation:
    """Run a search twice on a virtual cluster, with its own strategy and ledger: in batches, and asynchronously.

    Args:
        setup: a search whose evaluator takes no time, such as one of a table.
        model: the cluster.
        progress: is called with the number of results of both searches so far.

    Raises:
        InputError: evaluations take time, there are several rungs, or the strategy proposes batches only.
    """
    if not setup.evaluator.instant or len(setup.evaluator.rungs) > 1:
        raise InputError(
            "evaluator: a simulation needs results that take no time, such as those of a table, at one rung; "
            "take a benchmark such as the preset digits-bench"
        )
    require_single_proposals(setup.strategy, f"strategy {setup.config.strategy['name']}", "simulate another strategy")
    listener = _Counter(progress)
    return ClusterSimulation(
        model, tuple(_simulated(setup, model, asynchronous, listener) for asynchronous in (False, True))
    )


class _Counter(Listener):
    """Count results."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._done = 0

    def recorded(self, record: Any) -> None:
        """Count one more."""
        self._done += 1
        self._progress(self._done)


def _simulated(setup: Setup, model: ClusterModel, asynchronous: bool, listener: Listener) -> SimulatedSearch:
    space = setup.space
    sample = space.sample(_SAMPLES, np.random.default_rng(0))
    usual = float(np.median(space.cost(sample).flops))
    cluster = VirtualCluster(setup.evaluator, model, usual, space.input_shape, space.num_classes)
    ledger = Ledger.in_memory(setup.problem.objectives)
    began = time.process_time()
    Loop(
        problem=setup.problem,
        strategy=setup.strategy,
        ledger=ledger,
        executor=cluster,
        listener=listener,
        seed=setup.config.seed,
        batch_size=model.workers,
        lookahead=1,
        asynchronous=asynchronous,
    ).run(setup.config.budget)
    driver = time.process_time() - began
    if not cluster.ends:
        raise InputError("budget: there is nothing to evaluate")
    return SimulatedSearch(
        asynchronous=asynchronous,
        evaluations=len(cluster.ends),
        hours=cluster.now / 3600,
        worker_hours=cluster.now * model.workers / 3600,
        utilisation=cluster.utilisation(cluster.now),
        utilisation_before_end=cluster.utilisation(max(cluster.starts.values())),
        lost=cluster.lost,
        driver_seconds=driver / len(cluster.ends),
        hypervolume=_hypervolume(setup, ledger, cluster),
    )


def _hypervolume(setup: Setup, ledger: Ledger, cluster: VirtualCluster) -> tuple[tuple[float, float | None], ...]:
    """Return hours and hypervolume after some shares of the results, in the order in which they came."""
    problem = setup.problem
    records = [ledger.records[number] for number in cluster.ends]
    metrics = {
        objective.metric: np.array([record.metrics.get(objective.metric, np.nan) for record in records])
        for objective in problem.objectives
    }
    known = np.isfinite([problem.reference, problem.ideal]).all()
    ends = list(cluster.ends.values())
    points = minimised(metrics, problem.objectives)
    history = (
        hypervolume_history(normalised(points, problem.reference, problem.ideal), np.ones(points.shape[1]))
        if known
        else None
    )
    rows = [math.ceil(share * len(ends)) - 1 for share in SHARES]
    return tuple((ends[row] / 3600, None if history is None else float(history[row])) for row in rows)
