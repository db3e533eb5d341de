"""Power study of a run: simulate known ground truths on its design and noise, and estimate rules from them.

The networks are the run's, with their FLOPs, params and blocks; only the scores are synthetic. If the scores do not
depend on depth and width, a verdict that claims a rule is a false positive. If they depend on a rule, nine of ten
intervals should contain its values.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from rnas._typing import Floats
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import CAPACITY, DEPTH_TO_WIDTH, DEPTHS, FLOPS, PARAMS, DesignMatrix, parts_of
from rnas.scaling_rules._proportion import share_text, shares_of
from rnas.scaling_rules.estimate import Family, design_of, families_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.shares import inside
from rnas.scaling_rules.synthetic_responses import FORMS, synthetic_response
from rnas.scaling_rules.verdict import Verdict
from rnas.statistics.mixed_model import MixedModel
from rnas.utils._processes import in_processes
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils._threads import available_cores

PUBLISHED = Rule()
ROBUST_SCALING = "RobustScaling"
"""Name of the ground truth in which RobustScaling determines the scores."""

STRENGTHS = (0.5, 1.0, 2.0)
"""Gains of each part of the published rule over no rule, in standard deviations of the noise."""

_RIVALS = {"params alone decide": (PARAMS,), "FLOPs alone decide": (FLOPS,), "nothing decides": ()}
_SKEWED = {2: (2, 1), 3: (3, 1, 2), 4: (3, 1, 2, 2)}
_SHALLOW = 2 / 3
_ROUNDING = 1e-9


@dataclass(frozen=True)
class GroundTruth:
    """The ground truth of some simulations: what determines their scores.

    Attributes:
        name: such as "RobustScaling" or "params alone decide".
        rule: the rule that determines the scores; None for a rival, where depth and width only act through capacity.
        effect: gain of each part of the rule over no rule, in the score's units.
        noise: standard deviation of the noise.
    """

    name: str
    rule: Rule | None
    effect: float
    noise: float


@dataclass(frozen=True)
class Simulation:
    """Synthetic scores (n,) of a design, and their ground truth."""

    truth: GroundTruth
    score: Floats


@dataclass(frozen=True)
class Tally:
    """The verdicts on one part in all simulations of one ground truth.

    Attributes:
        truth: the ground truth.
        part: name of the part, such as "depth shares".
        searched: whether the true optimum is within the searched range; True for a rival.
        verdicts: number of simulations by verdict, in its words.
    """

    truth: GroundTruth
    part: str
    searched: bool
    verdicts: Mapping[str, int]


@dataclass(frozen=True)
class Coverage:
    """How often the 90 % interval of a quantity contained the true value.

    Attributes:
        quantity: name of the quantity, such as "D3".
        held: number of intervals that contained the true value.
        simulations: number of simulations whose true optimum is within the searched range.
        half_width: median half length of the intervals.
    """

    quantity: str
    held: int
    simulations: int
    half_width: float


@dataclass(frozen=True)
class PowerStudy(Tabular):
    """The result of a power study.

    Attributes:
        evaluations: number of evaluations of the design.
        simulations: number of simulations of each ground truth.
        claims: number of simulations that claimed a rule in any part, by rival.
        tallies: verdicts by ground truth and part.
        coverage: coverage of each quantity.
    """

    evaluations: int
    simulations: int
    claims: Mapping[str, int]
    tallies: tuple[Tally, ...]
    coverage: tuple[Coverage, ...]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each ground truth and part: how often each verdict was reached."""
        return [
            {
                "truth": tally.truth.name,
                "effect": tally.truth.effect,
                "noise": tally.truth.noise,
                "part": tally.part,
                "searched": tally.searched,
                **{verdict.value: tally.verdicts.get(verdict.value, 0) for verdict in Verdict},
            }
            for tally in self.tallies
        ]

    def _repr_html_(self) -> str:
        columns = ("truth", "part", *(verdict.value for verdict in Verdict))
        rows = [[row[name] for name in columns] for row in self.rows()]
        return notebook_table(f"Verdicts of {self.simulations} simulations of each ground truth", columns, rows)


@dataclass(frozen=True)
class SimulationPlan:
    """The simulations to run, one ground truth after the other.

    Attributes:
        observations: the design, at most as many observations as a rule is fitted to.
        simulations: the simulations, in order.
    """

    observations: Observations
    simulations: tuple[Simulation, ...]


def power(
    run: SearchResult | Observations | Path | str,
    metric: str | None = None,
    *,
    simulations: int = 20,
    workers: int | None = None,
    seed: int = 0,
    measured: Callable[[int, float, int], None] = lambda count, seconds, at_once: None,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> PowerStudy:
    """Simulate known truths on a search's own networks and noise, and estimate rules from them.

    Args:
        run: a search over residual networks, finished or not, or its directory, or its observations.
        metric: the score; None is the first objective that is maximised.
        simulations: number of simulations of each ground truth.
        workers: processes; None is one for each core, and 1 stays in this process.
        seed: of the noise.
        measured: is called after the first simulation with the number of all, the seconds that the others will take,
            and how many run at once.
        progress: is called after each simulation with the number of those that are done, and of all.

    Raises:
        InputError: there is no search, fewer than 20 complete evaluations, no such metric, or equal scores.
    """
    if not isinstance(run, Observations):
        run = Observations.from_run(run if isinstance(run, SearchResult) else Search.open(run).result(), metric)
    planned = plan(run, simulations, seed)
    count = len(planned.simulations)
    found = []
    for families in outcomes(planned, workers, lambda seconds, at_once: measured(count, seconds, at_once)):
        found.append(families)
        progress(len(found), count)
    return summarize_power(planned, found)


def plan(observations: Observations, simulations: int, seed: int = 0) -> SimulationPlan:
    """Draw the scores of all simulations.

    Rivals are fitted to the data, as functions of params alone, of FLOPs alone, or as a constant; the rest is noise. A
    rule is added to the data's trends in FLOPs, params and block. Its noise is what these and shares leave unexplained
    in the data. The forms of :mod:`rnas.scaling_rules.synthetic_responses` are used in turn.

    Args:
        observations: evaluations of the run.
        simulations: number of simulations of each ground truth.
        seed: seed of the noise.

    Raises:
        InputError: there are fewer than 20 evaluations, or their scores do not differ.
    """
    design = design_of(observations, PUBLISHED, seed)
    observations = design.observations
    simulated_scores = []
    for number, (truth, scores) in enumerate(_truths(design)):
        for turn in range(simulations):
            form = list(FORMS)[turn % len(FORMS)]
            noise = np.random.default_rng([seed, number, turn]).standard_normal(len(observations))
            simulated_scores.append(Simulation(truth, scores(form) + truth.noise * noise))
    return SimulationPlan(observations, tuple(simulated_scores))


def simulated(observations: Observations, simulation: Simulation) -> tuple[Family, ...]:
    """Estimate the rule from a simulation's scores on a design."""
    with threadpool_limits(limits=1):
        return families_of(design_of(observations.with_score(simulation.score), PUBLISHED))


def outcomes(
    planned: SimulationPlan,
    workers: int | None = None,
    measured: Callable[[float, int], None] = lambda seconds, at_once: None,
) -> Iterator[tuple[Family, ...]]:
    """Estimate the rule of each simulation of a plan, in its order, as results come.

    Args:
        planned: the plan of :func:`plan`.
        workers: number of processes; None is one for each core, and 1 uses this process alone.
        measured: function that is called after the first simulation with the estimated seconds of the others, and the
            number that run at once.
    """
    found = partial(simulated, planned.observations)
    first, *others = planned.simulations
    started = time.perf_counter()
    yield found(first)
    at_once = max(min(available_cores() if workers is None else workers, len(others)), 1)
    measured((time.perf_counter() - started) * len(others) / at_once, at_once)
    if at_once == 1:
        yield from map(found, others)
        return
    yield from in_processes(found, others, at_once)


def summarize_power(planned: SimulationPlan, found: Sequence[tuple[Family, ...]]) -> PowerStudy:
    """Summarize the estimates from the simulations of a plan, one entry a simulation."""
    parts = {part.name: part for part in parts_of(planned.observations, PUBLISHED)}
    by_truth: dict[GroundTruth, list[tuple[Family, ...]]] = {}
    for simulation, families in zip(planned.simulations, found, strict=True):
        by_truth.setdefault(simulation.truth, []).append(families)
    claims, tallies = {}, []
    held: dict[str, list[tuple[bool, float]]] = {name: [] for part in parts.values() for name in part.quantities}
    for truth, results in by_truth.items():
        if truth.rule is None:
            claims[truth.name] = sum(any(family.verdict.claims for family in families) for families in results)
        for place, (name, part) in enumerate(parts.items()):
            true = None if truth.rule is None else true_values(truth.rule, name)
            searched = true is None or inside(true, part.grid)
            own = [families[place] for families in results]
            tallies.append(Tally(truth, name, searched, dict(Counter(family.verdict.value for family in own))))
            if true is not None and searched:
                for family in own:
                    for quantity, value in zip(family.quantities, true, strict=True):
                        missed = quantity.optimum.excludes(value - _ROUNDING, value + _ROUNDING)
                        held[quantity.name].append((not missed, quantity.optimum.half_width))
    coverage = [
        Coverage(name, sum(ok for ok, _ in each), len(each), float(np.median([half for _, half in each])))
        for name, each in held.items()
        if each
    ]
    simulations = len(next(iter(by_truth.values())))
    return PowerStudy(len(planned.observations), simulations, claims, tuple(tallies), tuple(coverage))


def true_values(rule: Rule, part: str) -> Floats:
    """Return the coordinates (c,) of a rule in one of its parts."""
    if part == DEPTH_TO_WIDTH:
        return np.array([rule.depth_share])
    return np.array(shares_of(rule.depths if part == DEPTHS else rule.widths))


def _truths(design: DesignMatrix) -> Iterator[tuple[GroundTruth, Callable[[str], Floats]]]:
    """Yield each ground truth with a function from the form of the response to the scores without noise."""
    observations = design.observations
    for name, capacity in _RIVALS.items():
        trend, noise = _trend(design, capacity, shares=False)
        yield GroundTruth(name, None, 0.0, noise), partial(_without_rule, trend)
    trend, noise = _trend(design, CAPACITY, shares=True)
    stages = observations.stages
    equal, skewed = Rule((1,) * stages, (1,) * stages, 1.0), Rule(_SKEWED[stages], _SKEWED[stages], _SHALLOW)
    known = stages == len(PUBLISHED.depths)
    rules = [(ROBUST_SCALING, PUBLISHED, strength) for strength in STRENGTHS if known]
    rules += [(_name(rule), rule, 1.0) for rule in (equal, skewed)]
    for name, rule, strength in rules:
        effect = strength * noise
        other = PUBLISHED if known else skewed
        yield GroundTruth(name, rule, effect, noise), partial(_with_rule, observations, trend, rule, effect, other)


def _name(rule: Rule) -> str:
    return f"{':'.join(f'{part:g}' for part in rule.depths)}, r_D {share_text(rule.depth_share)}"


def _without_rule(trend: Floats, _form: str) -> Floats:
    return trend


def _with_rule(observations: Observations, trend: Floats, rule: Rule, effect: float, other: Rule, form: str) -> Floats:
    return trend + synthetic_response(observations, rule, form, effect, other)


def _trend(design: DesignMatrix, capacity: Sequence[int], *, shares: bool) -> tuple[Floats, float]:
    """Fit the scores' trend (n,) in some of the capacity and the blocks; return it and the noise."""
    score = design.observations.score
    if not capacity:
        return np.full(len(score), score.mean()), float(score.std())
    fixed = design.fixed(capacity)
    own = [*design.of_capacity(capacity), *design.of_blocks()]
    functions = [*own, *design.of_parts()] if shares else own
    model = MixedModel(score, fixed, functions)
    return model.posterior(range(len(own)), own, own, fixed)[0], float(np.sqrt(model.variances[-1]))
