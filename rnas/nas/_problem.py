"""Build the problem that strategies solve from a space, an evaluator and objectives."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.evaluators.costs import CostSettings, KnownCosts
from rnas.nas.evaluators.evaluator import Evaluation, Evaluator, KnowsWhatItHolds, Status
from rnas.nas.objective import Objective
from rnas.nas.space import SearchSpace
from rnas.nas.strategy import Columns, Problem
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture

_MARGIN = 0.01
_SAMPLES = 256
_MOST_KEPT = 100_000
"""Genomes whose metrics are kept: a search looks at thousands for each that it proposes."""

Range = tuple[float, float]


class KnownMetrics:
    """Compute metrics of genomes that need no evaluation, once for each genome of late.

    ``flops`` and ``params`` are the space's own, unless the evaluator knows them, as a table with such columns does.
    NaN is a metric that the evaluator does not have for a genome: it cannot evaluate that one.

    Args:
        space: the space of the genomes.
        evaluator: what it knows of networks is added.
        costs: functions of these settings are computed as well.
    """

    def __init__(self, space: SearchSpace, evaluator: Evaluator, costs: CostSettings | None = None) -> None:
        self._space = space
        self._evaluator = evaluator
        self._costs = costs or CostSettings()
        self._computed = KnownCosts(self._costs.functions, space.input_shape)
        self._rows: dict[bytes, NDArray[np.float64]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the names of the known metrics."""
        return tuple(dict.fromkeys(["flops", "params", *self._told, *self._costs.functions]))

    @cached_property
    def _told(self) -> tuple[str, ...]:
        """Return the names of the metrics that the evaluator knows, which are the same for any network."""
        genome = self._space.sample(1, np.random.default_rng(0))[0]
        return tuple(self._evaluator.known([self._space.decode(genome)])[0])

    @cached_property
    def _held(self) -> Mapping[str, Architecture] | None:
        """Return the architectures that the evaluator holds, by key; None if it does not say."""
        if not isinstance(self._evaluator, KnowsWhatItHolds):
            return None
        return {arch.key(architecture): architecture for architecture in self._evaluator.held}

    @cached_property
    def held_genomes(self) -> Integers | None:
        """Return the genomes (n, v) that the evaluator holds; None if it does not say which."""
        if self._held is None:
            return None
        genomes = []
        for architecture in self._held.values():
            with suppress(InputError):  # Of a larger space than this one.
                genomes.append(self._space.encode(architecture))
        return np.array(genomes, dtype=np.int64).reshape(len(genomes), len(self._space.variables))

    def is_stated(self, metric: str) -> bool:
        """Return whether the evaluator says that its evaluations have a metric."""
        return metric in self._evaluator.bounds or metric in self._costs.measured

    def __call__(self, genomes: Integers) -> Columns:
        """Return a column (n,) for each known metric of genomes (n, v)."""
        genomes = np.ascontiguousarray(genomes, dtype=np.int64)
        keys = [genome.tobytes() for genome in genomes]
        new = {key: row for row, key in enumerate(keys) if key not in self._rows}
        if len(self._rows) + len(new) > _MOST_KEPT:
            self._rows.clear()
            new = {key: row for row, key in enumerate(keys)}
        if new:
            self._add(list(new), genomes[list(new.values())])
        values = np.array([self._rows[key] for key in keys]).reshape(len(keys), len(self.names))
        return {name: values[:, column] for column, name in enumerate(self.names)}

    def _add(self, keys: list[bytes], genomes: Integers) -> None:
        costs = self._space.cost(genomes)
        # Decoding takes much of the time of a proposal, and an evaluator that knows nothing needs none of it.
        own_metrics: Sequence[Mapping[str, float]] = [{}] * len(genomes)
        held = [True] * len(genomes)
        computed: Sequence[Mapping[str, float]] = [{}] * len(genomes)
        if self._told or self._held is not None or self._costs.functions:
            architectures = [self._space.decode(genome) for genome in genomes]
            own_metrics = self._evaluator.known(architectures) if self._told else own_metrics
            if self._held is not None:
                held = [arch.key(architecture) in self._held for architecture in architectures]
            computed = [self._computed(architecture) for architecture in architectures]
        columns = keys, own_metrics, computed, costs.flops, costs.params, held
        for key, own, function, flops, params, possible in zip(*columns, strict=True):
            row = {"flops": float(flops), "params": float(params), **own, **function}
            self._rows[key] = np.array([row[name] if possible else np.nan for name in self.names])


def problem_of(
    space: SearchSpace, evaluator: Evaluator, objectives: Sequence[Objective], costs: CostSettings | None = None
) -> Problem:
    """Return the problem of trading off objectives over a space.

    The reference point is an objective's own ``reference``. Without one, it is the worst value in the space for a known
    metric, moved outwards by 1 % of the range so that the worst value adds volume, too, and otherwise the worst end of
    the evaluator's bounds. The ideal point is the best value in the space, or the best end of the bounds. Both are NaN
    if neither is known.

    Raises:
        InputError: no objective, one twice, one that the evaluator does not give, or a reference that nothing can beat.
    """
    if not objectives:
        raise InputError("objectives: name at least one")
    metrics = [objective.metric for objective in objectives]
    for metric in metrics:
        if metrics.count(metric) > 1:
            raise InputError(f"objectives: {metric!r} is named twice; name each metric once")
    known = KnownMetrics(space, evaluator, costs)
    bounds = dict(evaluator.bounds)
    if costs is not None:
        given = {*bounds, *evaluator.known([space.decode(space.sample(1, np.random.default_rng(0))[0])])[0]}
        for name in (*costs.measured, *costs.functions):
            if name in given:
                raise InputError(f"costs: the evaluator gives {name!r} itself; leave it out of costs")
        bounds |= costs.bounds
    points = [_ends(objective, known, space, bounds) for objective in objectives]
    reference, ideal = np.array(points, dtype=np.float64).T
    return Problem(space, tuple(objectives), known, reference, ideal)


def with_known(problem: Problem, architecture: Architecture, evaluation: Evaluation, first: bool = False) -> Evaluation:
    """Add known metrics to an evaluation; it is failed, without numbers, if an objective is still missing.

    Args:
        problem: the problem that is searched.
        architecture: what was evaluated.
        evaluation: the result.
        first: whether no evaluation gave the objectives before.

    Raises:
        InputError: the evaluation has another value of a known metric; or it is the first, and lacks an objective of
            which the evaluator does not say that it gives it: others would lack it as well.
    """
    if evaluation.status is not Status.COMPLETE:
        return replace(evaluation, metrics={})
    known = {name: float(column[0]) for name, column in problem.known(problem.space.encode(architecture)[None]).items()}
    for name, value in evaluation.metrics.items():
        if known.get(name, value) != value:
            raise InputError(
                f"the evaluator gave {name} {value:g}, and {name} is known to be {known[name]:g} before an evaluation: "
                f"call that metric something else than {name}"
            )
    metrics = {**evaluation.metrics, **known}
    missing = [o.metric for o in problem.objectives if o.metric not in metrics]
    if missing:
        reason = f"its evaluation gave no metric {missing[0]!r}; it gave {', '.join(metrics)}"
        if first and isinstance(problem.known, KnownMetrics) and not problem.known.is_stated(missing[0]):
            raise InputError(f"objectives: {arch.key(architecture)}: {reason}: name one of these, or return that one")
        return replace(evaluation, status=Status.FAILED, metrics={}, reason=reason)
    return replace(evaluation, metrics=metrics)


def _ends(objective: Objective, known: KnownMetrics, space: SearchSpace, bounds: Mapping[str, Range]) -> Range:
    """Return reference and ideal of one objective in minimised form; NaN if not known."""
    metric = objective.metric
    if metric in known.names:
        low, high = _known_range(metric, known, space, bounds.get(metric))
        margin = _MARGIN * (high - low or abs(high) or 1.0)
        low_reference, high_reference = low - margin, high + margin
    elif metric in bounds:
        low, high = low_reference, high_reference = bounds[metric]
    elif bounds and objective.reference is None:
        names = ", ".join(sorted({*bounds, *known.names}))
        raise InputError(
            f"objectives: the evaluator states no metric {metric!r}; it states {names}. "
            "If it gives that metric all the same, give the objective a reference"
        )
    else:
        low = high = low_reference = high_reference = np.nan
    best, worst = (low, high_reference) if objective.sign > 0 else (-high, -low_reference)
    if objective.reference is not None:
        worst = objective.sign * objective.reference
        if worst <= best:
            raise InputError(
                f"objectives: reference {objective.reference} of {metric!r} is no worse than its best possible value, "
                f"{objective.sign * best:g}; it is the worst value of interest"
            )
    return _finite(worst), _finite(best)


def _known_range(metric: str, known: KnownMetrics, space: SearchSpace, bounds: Range | None) -> Range:
    """Return the least and the greatest value of a known metric in the space."""
    if metric == "flops" and bounds is None:
        return space.flops_range
    if space.enumeration is not None:
        values = known(space.enumeration)[metric]
    elif bounds is not None:
        return bounds
    else:
        values = known(space.sample(_SAMPLES, np.random.default_rng(0)))[metric]
    if not np.isfinite(values).any():
        raise InputError(f"objectives: the evaluator knows {metric!r} of no architecture of space {space.name!r}")
    return float(np.nanmin(values)), float(np.nanmax(values))


def _finite(value: float) -> float:
    """Return the value, or NaN if a metric is not bounded on that side."""
    return float(value) if np.isfinite(value) else np.nan
