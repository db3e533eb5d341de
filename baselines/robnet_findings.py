"""Measure RobNet's three findings (Guo et al., CVPR 2020) on the networks of a search."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.experiment import open_experiment
from rnas.nas.fidelity_study import FidelityStudy
from rnas.nas.ledger import Record
from rnas.nas.rung_quality import bootstrapped
from rnas.nas.search import Search
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.robnet import RobNetwork
from rnas.statistics._ranks import kendall_tau
from rnas.statistics.interval import Interval
from rnas.utils._tabular import Tabular

FSP = "fsp_distance_last"
"""Metric by which paths are filtered: the distance in the deepest cell."""

SIZES = ("small", "medium", "large")
"""Names of the budgets, from the fewest parameters."""

_RESAMPLES = 400
_FEWEST = 5

LEAST = len(SIZES) * _FEWEST
"""Networks that findings need."""


def records_of(path: Path | str, rung: int | None = None) -> list[Record]:
    """Return the complete evaluations of a search, or of a study of its rungs.

    Args:
        path: directory of either.
        rung: from 0 for the cheapest; None is the highest.

    Raises:
        InputError: the directory has another experiment, or there is no such rung.
    """
    experiment = open_experiment(path)
    if isinstance(experiment, FidelityStudy):
        records, search = experiment.records(), experiment.search
    elif isinstance(experiment, Search):
        records, search = experiment.result().records, experiment
    else:
        raise InputError(f"{path} is a {experiment.kind}; give a search, or a study of its rungs")
    rungs = search.recorded.evaluator.rungs
    if rung is not None and not 0 <= rung < len(rungs):
        raise InputError(f"rung is {rung}; {path} has rungs 0 to {len(rungs) - 1}")
    wanted = dict(rungs[-1 if rung is None else rung].fidelity)
    return [record for record in records if record.complete and dict(record.fidelity) == wanted]


@dataclass(frozen=True)
class Budget:
    """Hold what convolutions on direct edges are worth at one budget.

    Attributes:
        name: small, medium or large: a third of the networks by parameters.
        params: least and greatest number of parameters.
        networks: number of networks.
        tau: Kendall's, between the share of direct edges with a convolution and robust accuracy.
    """

    name: str
    params: tuple[float, float]
    networks: int
    tau: Interval


@dataclass(frozen=True)
class Findings(Tabular):
    """Hold RobNet's three findings, each as Kendall's tau with its 95 % interval by the bootstrap over networks.

    Attributes:
        networks: number of networks.
        density: between density and robust accuracy: the paper found it positive.
        density_at_size: the same within thirds by parameters, as their mean, because dense networks are large.
        budgets: convolutions on direct edges at each budget: the paper found them effective at small ones.
        fsp_last: between the FSP distance of the deepest cell and robust accuracy: the paper found it negative.
        fsp_mean: the same with the mean over all cells.
    """

    networks: int
    density: Interval
    density_at_size: Interval
    budgets: tuple[Budget, ...]
    fsp_last: Interval
    fsp_mean: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each tau: what it is between, the number of networks, and the ends of its interval."""
        named = {
            "density": self.density,
            "density, at equal size": self.density_at_size,
            "FSP distance of the deepest cell": self.fsp_last,
            "FSP distance, mean of all cells": self.fsp_mean,
        }
        rows = [{"with robust accuracy": name, "networks": self.networks, **asdict(tau)} for name, tau in named.items()]
        for budget in self.budgets:
            name = f"convolutions on direct edges, {budget.name}"
            rows.append({"with robust accuracy": name, "networks": budget.networks, **asdict(budget.tau)})
        return rows

    def sentences(self) -> list[str]:
        """Return what the networks say of each finding, a sentence each."""
        taus = [
            ("Density and robust accuracy", self.density, 1),
            ("Density and robust accuracy at equal size", self.density_at_size, 1),
            *(
                (f"Convolutions on direct edges and robust accuracy of {budget.name} networks", budget.tau, 1)
                for budget in self.budgets
            ),
            ("FSP distance of the deepest cell and robust accuracy", self.fsp_last, -1),
        ]
        return [_sentence(*tau) for tau in taus]


def _sentence(name: str, tau: Interval, expected: int) -> str:
    if not tau.excludes_zero:
        verdict = "the networks do not decide it"
    else:
        verdict = "as the paper found" if tau.value * expected > 0 else "the opposite of what the paper found"
    return f"{name}: tau {tau.value:+.2f} (95 % interval {tau.low:+.2f} to {tau.high:+.2f}), {verdict}."


def findings(path: Path | str, rung: int | None = None, seed: int = 0) -> Findings:
    """Measure RobNet's findings on the networks of a search of space ``robnet``, or of a study of its rungs.

    Several evaluations of one network, by other seeds, count as one with their mean.

    Args:
        path: directory of a search or a study, whose evaluator has the diagnostic ``fsp-distance``.
        rung: from 0 for the cheapest; None is the highest.
        seed: seed of the bootstrap.

    Raises:
        InputError: there are too few networks, they are not RobNet's, or FSP distances are missing.
    """
    grouped: dict[str, list[Record]] = {}
    for record in records_of(path, rung):
        grouped.setdefault(record.key, []).append(record)
    if len(grouped) < LEAST:
        raise InputError(f"{path} has {len(grouped)} networks there; findings need at least {LEAST}")
    for record in (records[0] for records in grouped.values()):
        if not isinstance(record.architecture, RobNetwork) or FSP not in record.metrics:
            raise InputError(
                f"{path}: {record.key} is no RobNet with an FSP distance: search space robnet with evaluation: "
                "{diagnostics: [fsp-distance]}"
            )
    return _findings(list(grouped.values()), np.random.default_rng(seed))


def _findings(grouped: Sequence[Sequence[Record]], rng: np.random.Generator) -> Findings:
    def column(metric: str) -> Floats:
        return np.array([np.mean([record.metrics[metric] for record in records]) for records in grouped])

    networks = [records[0].architecture for records in grouped]
    robust, params = column("robust_accuracy"), column("params")
    dense, direct = (np.array([share(network) for network in networks]) for share in (_density, direct_convolutions))
    samples = rng.integers(len(grouped), size=(_RESAMPLES, len(grouped)))
    size = np.empty(len(params), dtype=np.int64)
    for number, rows in enumerate(np.array_split(np.argsort(params, kind="stable"), len(SIZES))):
        size[rows] = number

    def tau(values: Floats, rows: Integers) -> float:
        return kendall_tau(values[rows], robust[rows])

    def within(rows: Integers) -> float:
        thirds = [rows[size[rows] == number] for number in range(len(SIZES))]
        return float(np.mean([tau(dense, third) for third in thirds if len(third) > 1]))

    budgets = []
    for number, name in enumerate(SIZES):
        own = np.flatnonzero(size == number)
        drawn = own[rng.integers(len(own), size=(_RESAMPLES, len(own)))]
        values = [tau(direct, rows) for rows in drawn]
        low, high = np.percentile(values, (2.5, 97.5))
        ends = float(params[own].min()), float(params[own].max())
        budgets.append(Budget(name, ends, len(own), Interval(tau(direct, own), float(low), float(high))))
    last, mean = column(FSP), column("fsp_distance_mean")
    return Findings(
        networks=len(grouped),
        density=bootstrapped(lambda rows: tau(dense, rows), samples),
        density_at_size=bootstrapped(within, samples),
        budgets=tuple(budgets),
        fsp_last=bootstrapped(lambda rows: tau(last, rows), samples),
        fsp_mean=bootstrapped(lambda rows: tau(mean, rows), samples),
    )


def direct_convolutions(network: Any) -> float:
    """Return the share of direct edges, those from a cell's two inputs, that have a convolution, over all cells."""
    direct = [edge for edge, (source, _) in enumerate(EDGES) if source < 2]
    return float(np.mean([code[2 * edge + 1] == "1" for code in network.cell_codes for edge in direct]))


def _density(network: Any) -> float:
    codes = network.cell_codes
    return float(np.mean([code[2 * e : 2 * e + 2] != "00" for code in codes for e in range(len(EDGES))]))
