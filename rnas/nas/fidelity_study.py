"""Measuring a fidelity rungs before it is trusted: some networks, every rung, several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnas.errors import InputError
from rnas.nas.config import Setup
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.ledger import Record
from rnas.nas.rung_quality import RungQuality, Shift, optimum_shifts, rung_quality
from rnas.nas.strategies.candidates import sample_fresh
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork
from rnas.networks.stage_shares import depth_to_width, stage_shares

Floats = NDArray[np.float64]

LEDGER = "ladder"
"""Suffix of the companion ledger that holds the evaluations."""


@dataclass(frozen=True)
class FidelityStudy:
    """What a ladder is worth.

    Attributes:
        metric: by which networks are ranked: the first objective that is maximised.
        fidelities: of the rungs, cheapest first.
        shares: cost of an evaluation at each rung as a share of one at the highest.
        promote: share that goes on to the next rung, here by the metric within a band.
        seeds: trainings of each network at each rung.
        architectures: how many networks were evaluated.
        failures: evaluations without numbers; their networks are left out of what they miss.
        quality: of each lower rung in each band of FLOPs.
        shifts: of the optimum of depth and width shares; empty for networks that have none.
    """

    metric: str
    fidelities: tuple[Mapping[str, Any], ...]
    shares: tuple[float, ...]
    promote: float
    seeds: int
    architectures: int
    failures: int
    quality: tuple[RungQuality, ...]
    shifts: tuple[Shift, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        content = asdict(self)
        content["shifts"] = [asdict(shift) | {"found": shift.found} for shift in self.shifts]
        return content


def fidelity_tasks(setup: Setup, architectures: int, seeds: int) -> list[Task]:
    """Networks drawn from the space, stratified over log FLOPs, at every rung with every seed; network by network.

    Raises:
        InputError: the evaluator has no ladder, or the space holds fewer networks.
    """
    if len(setup.evaluator.rungs) < 2:
        raise InputError(
            "the evaluator has one fidelity only; give it lower rungs, as in "
            "evaluator: {train: {rungs: [{epochs: 3}], fidelity: {epochs: 15, ...}}}"
        )
    genomes = sample_fresh(setup.problem, architectures, set(), np.random.default_rng(setup.config.seed))
    if len(genomes) < architectures:
        raise InputError(f"the space holds {len(genomes)} networks; ask for at most as many, not {architectures}")
    drawn = [setup.space.decode(genome) for genome in genomes]
    first = setup.config.seed
    return [
        Task(architecture, seed, rung.fidelity)
        for architecture in drawn
        for rung in setup.evaluator.rungs
        for seed in range(first, first + seeds)
    ]


def fidelity_study(setup: Setup, tasks: Sequence[Task], records: Sequence[Record], bands: int) -> FidelityStudy:
    """The figures of a study's evaluations.

    Args:
        setup: of the run.
        tasks: of :func:`fidelity_tasks`.
        records: one a task, each with its result.
        bands: parts of the range of log FLOPs.
    """
    metric = next(o.metric for o in setup.problem.objectives if o.direction == "maximize")
    rungs = setup.evaluator.rungs
    architectures = list({arch.key(task.architecture): task.architecture for task in tasks}.values())
    seeds = len(tasks) // len(architectures) // len(rungs)
    values = np.array([record.metrics.get(metric, np.nan) for record in records])
    by_rung = values.reshape(len(architectures), len(rungs), seeds).transpose(1, 0, 2)
    scores = list(by_rung)
    space = setup.space
    flops = np.array([a.cost(space.input_shape, space.num_classes).flops for a in architectures], dtype=np.float64)
    rng = np.random.default_rng(setup.config.seed)
    return FidelityStudy(
        metric=metric,
        fidelities=tuple(rung.fidelity for rung in rungs),
        shares=tuple(rung.share for rung in rungs),
        promote=setup.config.promote,
        seeds=seeds,
        architectures=len(architectures),
        failures=sum(not record.complete for record in records),
        quality=tuple(rung_quality(scores, flops, bands, setup.config.promote, rng)),
        shifts=tuple(optimum_shifts(scores, flops, shares_of(architectures), rng)),
    )


def shares_of(architectures: Sequence[Architecture]) -> dict[str, Floats]:
    """Of residual networks, how depth and width are spread, each (n,): empty where one is none.

    ``r_D`` is the share of depth in depth and width, in blocks and widenings of the papers' base channels; ``D3`` and
    ``W3`` are the third stage's shares of all depths and of all widenings.
    """
    if not all(isinstance(a, ResidualNetwork) and len(a.depths) == 3 for a in architectures):
        return {}
    networks = [a for a in architectures if isinstance(a, ResidualNetwork)]
    depths = np.array([network.depths for network in networks], dtype=np.float64)
    widths = np.array([network.widenings for network in networks])
    return {
        "r_D": depth_to_width(depths, widths),
        "D3": stage_shares(depths)[:, 2],
        "W3": stage_shares(widths)[:, 2],
    }
