"""Simulate a search on a large cluster, with batches and asynchronously, to size what is rented for it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.nas._loop import Loop
from rnas.nas._setup import Objects, Setup, require_single_proposals, resolve
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Status, Task
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.nas.execution.virtual_cluster import VirtualCluster
from rnas.nas.front import hypervolume_history, normalised
from rnas.nas.ledger import Ledger
from rnas.nas.objective import minimised
from rnas.networks.architecture import Shape
from rnas.utils._devices import peak_memory

SHARES = (0.25, 0.5, 1.0)
"""Shares of the evaluations, or of the time, after which the hypervolume is given."""

_MOST_POINTS = 100
"""Points of the curve of the hypervolume over time."""

_SAMPLES = 256


@dataclass(frozen=True)
class SimulatedSearch:
    """Hold what a search would take on a cluster.

    Attributes:
        asynchronous: whether networks were proposed one by one, and not in batches of as many as there are workers.
        evaluations: number of results.
        hours: time of the whole search.
        worker_hours: time of all workers, idle or not: what is paid for those that are kept to the end. With one GPU
            for each worker, these are GPU hours.
        busy_hours: time of all evaluations, lost attempts among them: what is paid where idle workers are given back.
        utilisation: share of that time in which workers evaluated.
        utilisation_before_end: the same share up to the start of the last evaluation, when nothing is left to propose.
        lost: attempts that were lost, and started again.
        driver_seconds: processor time of this program for each evaluation, in seconds; as an average it must be below
            the time of an evaluation divided by the number of workers.
        most_workers: number of workers that this processor could keep busy: the time of an evaluation, as an average,
            divided by ``driver_seconds``.
        writes: transactions of the ledger for each second of the search: a proposal is one, and a result another.
        memory: the most bytes that this program has used so far; None if the system does not say.
        hypervolume: after a quarter, half and all of the evaluations, with the hours until then: share of all that is
            possible, or None if the objectives have no bounds.
        over_time: the same for up to 100 results, evenly over the search: its curve over the time.
    """

    asynchronous: bool
    evaluations: int
    hours: float
    worker_hours: float
    busy_hours: float
    utilisation: float
    utilisation_before_end: float
    lost: int
    driver_seconds: float
    most_workers: int
    writes: float
    memory: int | None
    hypervolume: tuple[tuple[float, float | None], ...]
    over_time: tuple[tuple[float, float | None], ...]

    def at(self, hours: float) -> float | None:
        """Return the hypervolume after some hours, as far as the curve says; None if it is not known or before it."""
        volumes = [volume for until, volume in self.over_time if until <= hours]
        return volumes[-1] if volumes else None


@dataclass(frozen=True)
class ClusterSimulation:
    """Hold both ways to propose on the same cluster.

    Attributes:
        model: the cluster.
        planted: whether results are made up, since the search's own take time.
        searches: the search in batches, and the asynchronous one.
    """

    model: ClusterModel
    planted: bool
    searches: tuple[SimulatedSearch, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the simulation as JSON values."""
        searches = [asdict(each) for each in self.searches]
        return {"cluster": self.model.model_dump(mode="json"), "planted": self.planted, "searches": searches}


def simulate_cluster(
    setup: Setup, model: ClusterModel, progress: Callable[[int], None] = lambda done: None
) -> ClusterSimulation:
    """Run a search twice on a virtual cluster, with its own strategy and ledger: in batches, and asynchronously.

    Args:
        setup: a search. Where its evaluations take time, their results are made up: they grow with FLOPs, and depend
            on every variable.
        model: the cluster.
        progress: is called with the number of results of both searches so far.

    Raises:
        InputError: the evaluator takes no time and has several rungs, or the strategy proposes batches only.
    """
    require_single_proposals(setup.strategy, f"strategy {setup.config.strategy['name']}", "simulate another strategy")
    planted = not setup.evaluator.instant
    if planted:
        config = setup.config.model_copy(update={"final_evaluation": None})
        setup = resolve(config, Path(), "config", Objects(space=setup.space, evaluator=PlantedResults(setup)))
    elif len(setup.evaluator.rungs) > 1:
        raise InputError("evaluator: a simulation has one rung; take a table without rungs")
    listener = _Counter(progress)
    return ClusterSimulation(
        model, planted, tuple(_simulated(setup, model, asynchronous, listener) for asynchronous in (False, True))
    )


class PlantedSettings(BaseModel):
    """Hold the images that a space is bound to."""

    input_shape: Shape
    num_classes: int


class PlantedResults(Evaluator):
    """Make up results at once: a sum of one random part for each choice of a variable, of log FLOPs, and of noise.

    Args:
        setup: the search whose results they stand for.
    """

    Settings: ClassVar[type[BaseModel]] = PlantedSettings
    instant: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._space, self._objectives = setup.space, setup.problem.objectives
        self._bounds = setup.bounds
        sample = setup.space.sample(_SAMPLES, np.random.default_rng(0))
        self._parts = [
            np.random.default_rng([1, number]).normal(size=size) for number, size in enumerate(setup.space.sizes)
        ]
        logs, sums = np.log(setup.space.cost(sample).flops), np.array([self._sum(genome) for genome in sample])
        self._scales = [(values.mean(), values.std() or 1.0) for values in (logs, sums)]

    @classmethod
    def image_format(cls, settings: PlantedSettings) -> tuple[Shape, int]:
        """Return what the space is bound to."""
        return settings.input_shape, settings.num_classes

    @property
    def settings(self) -> PlantedSettings:
        """Return what the space is bound to."""
        return PlantedSettings(input_shape=self._space.input_shape, num_classes=self._space.num_classes)

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return a value within the bounds of each objective that only an evaluation knows."""
        genome = self._space.encode(task.architecture)
        flops = self._space.cost(genome[None]).flops[0]
        known = np.log(flops), self._sum(genome)
        larger, better = ((value - mean) / std for value, (mean, std) in zip(known, self._scales, strict=True))
        metrics = {}
        for number, objective in enumerate(self._objectives):
            if objective.metric in ("flops", "params"):
                continue
            noise = np.random.default_rng([2, number, *genome.tolist()]).normal()
            quality = 1 / (1 + math.exp(-(larger + better + 0.3 * noise) / 2))
            low, high = self._bounds.get(objective.metric, (0.0, 1.0))
            low, high = (low if math.isfinite(low) else 0.0), (high if math.isfinite(high) else 1.0)
            share = quality if objective.direction == "maximize" else 1 - quality
            metrics[objective.metric] = low + share * (high - low)
        return Evaluation(Status.COMPLETE, metrics)

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the bounds of the evaluator that it stands for."""
        return self._bounds

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Return no time."""
        return EvaluationEstimate(0.0)

    def _sum(self, genome: Integers) -> float:
        return float(sum(part[choice] for part, choice in zip(self._parts, genome, strict=True)))


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
    number = len(cluster.ends)
    utilisation = cluster.utilisation(cluster.now)
    busy = utilisation * cluster.now * model.workers
    curve = _hypervolume(setup, ledger, cluster)
    points = np.unique(np.linspace(0, number - 1, _MOST_POINTS).round().astype(int))
    return SimulatedSearch(
        asynchronous=asynchronous,
        evaluations=number,
        hours=cluster.now / 3600,
        worker_hours=cluster.now * model.workers / 3600,
        busy_hours=busy / 3600,
        utilisation=utilisation,
        utilisation_before_end=cluster.utilisation(max(cluster.starts.values())),
        lost=cluster.lost,
        driver_seconds=driver / number,
        most_workers=int(busy / max(driver, 1e-9)),
        writes=2 * number / cluster.now,
        memory=peak_memory("cpu"),
        hypervolume=tuple(curve[math.ceil(share * number) - 1] for share in SHARES),
        over_time=tuple(curve[point] for point in points),
    )


def _hypervolume(setup: Setup, ledger: Ledger, cluster: VirtualCluster) -> list[tuple[float, float | None]]:
    """Return hours and hypervolume after each of the results, in the order in which they came."""
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
    volumes: list[float | None] = [None] * len(ends) if history is None else history.tolist()
    return [(end / 3600, volume) for end, volume in zip(ends, volumes, strict=True)]
