"""Study the rungs of a search before they are trusted: some networks, every rung, several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Listener, given_settings
from rnas.nas._experiment_on_search import ExperimentOnSearch
from rnas.nas._setup import Setup
from rnas.nas.config import FidelitySettings
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.ledger import Record
from rnas.nas.rung_quality import RungQuality, Shift, optimum_shifts, rung_quality
from rnas.nas.strategies._candidates import sample_fresh
from rnas.networks import architecture as arch
from rnas.networks._stage_shares import depth_to_width, stage_shares
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork
from rnas.utils._tabular import Tabular, flat_row
from rnas.utils._yaml_files import checked


@dataclass(frozen=True)
class FidelityResult(Tabular):
    """Say how well evaluations at the lower rungs rank networks.

    Attributes:
        metric: metric that ranks networks: the first objective that is maximised.
        fidelities: fidelities of the rungs, cheapest first.
        shares: cost of an evaluation at each rung as a share of one at the highest.
        promote: share that is promoted to the next rung, here by the metric within a band.
        seeds: trainings of each network at each rung.
        architectures: number of evaluated networks.
        failures: evaluations without numbers; their networks are left out of what they miss.
        quality: quality of each lower rung in each band of FLOPs.
        shifts: shifts of the optimum of depth and width shares; empty for networks without stages.
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
        """Return the figures as JSON values."""
        content = asdict(self)
        content["shifts"] = [asdict(shift) | {"found": shift.found} for shift in self.shifts]
        return content

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each lower rung in each band of FLOPs: tau, recall and regret with their 95 % intervals."""
        return [flat_row(asdict(quality)) for quality in self.quality]


class FidelityStudy(ExperimentOnSearch[FidelitySettings, FidelityResult]):
    """Train networks at every rung of a search with several seeds, and say how well the lower rungs rank them."""

    kind: ClassVar[str] = "fidelity"
    Settings: ClassVar[type[BaseModel]] = FidelitySettings
    grows: ClassVar[tuple[str, ...]] = ("seeds",)

    def _check(self) -> None:
        super()._check()
        self._tasks()

    def _tasks(self) -> list[Task]:
        """Return networks from the space, stratified over log FLOPs, at every rung with every seed, network by network.

        Raises:
            InputError: nothing is maximised, there is one rung only, or the space holds fewer networks.
        """
        setup, settings = self.search.setup, self.settings
        if all(objective.direction == "minimize" for objective in setup.problem.objectives):
            raise InputError(f"{settings.search}: no objective is maximised, so that no score ranks networks; add one")
        if len(setup.evaluator.rungs) < 2:
            raise InputError(
                "the evaluator has one fidelity only; give it lower rungs, as in "
                "evaluator: {train: {rungs: [{epochs: 3}], fidelity: {epochs: 15, ...}}}"
            )
        number = settings.architectures
        genomes = sample_fresh(setup.problem, number, set(), np.random.default_rng(setup.config.seed))
        if len(genomes) < number:
            raise InputError(f"the space holds {len(genomes)} networks; ask for at most as many, not {number}")
        return self._at_every_rung([setup.space.decode(genome) for genome in genomes])

    def _recorded_tasks(self, records: Sequence[Record]) -> list[Task]:
        drawn = list({record.key: record.architecture for record in records}.values())
        if len(drawn) < self.settings.architectures:
            raise self._unfinished()
        return self._at_every_rung(drawn)

    def _at_every_rung(self, architectures: Sequence[Architecture]) -> list[Task]:
        setup = self.search.recorded
        first = setup.config.seed
        return [
            Task(architecture, seed, rung.fidelity)
            for architecture in architectures
            for rung in setup.evaluator.rungs
            for seed in range(first, first + self.settings.seeds)
        ]

    def _result(self, tasks: Sequence[Task], records: Sequence[Record]) -> FidelityResult:
        return figures(self.search.recorded, tasks, records, self.settings.bands)

    def write(self) -> FidelityResult:
        """Write the result, and the report of the search, which shows it."""
        result = super().write()
        self.search.write_report(self.search.result())
        return result

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure evaluations at the highest rung; those of a lower one cost their share of it."""
        of_search = self.search.estimate(workers)
        rungs = self.search.recorded.evaluator.rungs
        each = self.settings.architectures * self.settings.seeds / len(of_search.work)
        work = tuple(
            EstimatedWork(
                f"{one.label} at rung {number}", each, one.seconds * rung.share, one.memory_bytes, one.details
            )
            for number, rung in enumerate(rungs)
            for one in of_search.work
        )
        return CostEstimate(work, of_search.devices)


def measure_fidelity(
    search: Path | str,
    *,
    architectures: int = 120,
    bands: int = 2,
    seeds: int = 2,
    output: Path | str | None = None,
    workers: int | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> FidelityResult:
    """Train networks at every rung of a search with several seeds, and say how well the lower rungs rank them.

    Args:
        search: directory of the search.
        architectures: number of networks, drawn from the space, stratified over log FLOPs.
        bands: number of bands of FLOPs, within which networks are compared.
        seeds: trainings of each network at each rung; two show the noise.
        output: directory of the study; None is the first free ``SEARCH/fidelity-<n>``.
        workers: evaluations at once; None is the search's own number.
        listener: learns of progress; there may be several.

    Raises:
        InputError: the evaluator has one rung only, nothing is maximised, or the directory exists.
    """
    settings = checked(FidelitySettings, given_settings(locals()), "fidelity")
    return FidelityStudy.create(settings, output).run(listener, workers=workers)


def figures(setup: Setup, tasks: Sequence[Task], records: Sequence[Record], bands: int) -> FidelityResult:
    """Compute the figures of a study from its evaluations.

    Args:
        setup: parts of the search.
        tasks: every network at every rung with every seed.
        records: one a task, each with its result.
        bands: number of parts of the range of log FLOPs.
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
    return FidelityResult(
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
    """Compute how residual networks distribute depth and width, each (n,); empty if a network is not residual.

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
