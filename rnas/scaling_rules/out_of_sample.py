"""Compare what a rule predicted at budgets that it was not fitted on with what was then measured there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import t as student

from rnas.nas._problem import KnownMetrics
from rnas.nas._setup import Setup
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.ledger import Record
from rnas.nas.listed_space import DesignSpace
from rnas.nas.strategy import Problem
from rnas.networks import architecture as arch
from rnas.scaling_rules.prediction import RULE, BudgetPrediction, Candidate, RulePrediction
from rnas.statistics._holm import holm
from rnas.statistics.interval import Interval
from rnas.utils._tabular import Tabular, flat_row

BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "indistinguishable at 95 %"
SAME, UNDECIDED = "the same network", "not decided: no interval over seeds"

_LEVEL = 0.05

Scores = Mapping[int, float]
"""Scores of a network by seed."""


@dataclass(frozen=True)
class MeasuredCandidate:
    """A candidate with its evaluations.

    Attributes:
        candidate: the network and its prediction.
        scores: the measured scores by seed.
        mean: mean of the scores; None without any.
        interval: 95 % interval of the mean, by Student's t; None with fewer than two seeds.
        held: whether the predicted interval contains the mean; None without scores.
        same_as: names of the other candidates that are the same network.
        failures: reason of each evaluation that has no score.
    """

    candidate: Candidate
    scores: Scores
    mean: float | None
    interval: Interval | None
    held: bool | None
    same_as: tuple[str, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class CandidateComparison:
    """The rule's network compared with another at the same budget.

    Attributes:
        over: name of the other candidate.
        predicted: predicted gain of the rule's network, with its 95 % interval; None if both are the same network.
        gain: measured gain, the mean difference over the seeds that both have; None without any.
        interval: 95 % interval of the measured gain, paired by seed, by Student's t; None with fewer than two seeds.
        p_value: p-value of the hypothesis that there is no difference, corrected for the number of tests (Holm); None
            without an interval.
        held: whether the predicted interval contains the measured gain; None without either.
        verdict: the conclusion in words, from the corrected p-value at a level of 5 %.
    """

    over: str
    predicted: Interval | None
    gain: float | None
    interval: Interval | None
    p_value: float | None
    held: bool | None
    verdict: str


@dataclass(frozen=True)
class RuleTestBudget:
    """The result at one budget: candidates, comparisons with the rule's network, and reasons for missing candidates."""

    flops: int
    candidates: tuple[MeasuredCandidate, ...]
    comparisons: tuple[CandidateComparison, ...]
    left_out: Mapping[str, str]

    @property
    def networks(self) -> tuple[tuple[MeasuredCandidate, ...], ...]:
        """Return the candidates grouped by network; the group of the rule's network is first."""
        found: dict[str, list[MeasuredCandidate]] = {}
        for measured in self.candidates:
            found.setdefault(measured.candidate.key, []).append(measured)
        return tuple(map(tuple, found.values()))

    @property
    def compared(self) -> tuple[tuple[CandidateComparison, ...], ...]:
        """Return the comparisons grouped by network; those with the rule's own network are last."""
        found = {comparison.over: comparison for comparison in self.comparisons}
        own, *others = self.networks
        groups = [[found[m.candidate.name] for m in group if m.candidate.name in found] for group in (*others, own)]
        return tuple(tuple(group) for group in groups if group)


@dataclass(frozen=True)
class RuleTestResult(Tabular):
    """The result of the test.

    Attributes:
        prediction: the prediction that was tested.
        budgets: the result at each budget.
        tests: number of tests that p-values are corrected for, which counts pairs of different networks.
        notes: sentences that a reader of the result must know.
    """

    prediction: RulePrediction
    budgets: tuple[RuleTestBudget, ...]
    tests: int
    notes: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each candidate at each budget: its predicted and its measured score, with 95 % intervals."""
        return [
            {
                "budget": budget.flops,
                "name": measured.candidate.name,
                "key": measured.candidate.key,
                **flat_row({"predicted": asdict(measured.candidate.score)}),
                "mean": measured.mean,
                "low": None if measured.interval is None else measured.interval.low,
                "high": None if measured.interval is None else measured.interval.high,
                "held": measured.held,
            }
            for budget in self.budgets
            for measured in budget.candidates
        ]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        prediction = self.prediction
        return {
            "prediction": prediction.hash,
            "ledger": prediction.ledger,
            "metric": prediction.metric,
            "fitted": prediction.fitted,
            "fitted_flops": list(prediction.fitted_flops),
            "rule": asdict(prediction.rule),
            "uniform": asdict(prediction.uniform),
            "base": prediction.base,
            "verdicts": dict(prediction.verdicts),
            "seeds": list(prediction.seeds),
            "tolerance": prediction.tolerance,
            "budgets": [
                {
                    "flops": budget.flops,
                    "candidates": [_candidate(measured) for measured in budget.candidates],
                    "comparisons": [asdict(comparison) for comparison in budget.comparisons],
                    "left_out": dict(budget.left_out),
                }
                for budget in self.budgets
            ],
            "tests": self.tests,
            "notes": list(self.notes),
        }


def problem_of(setup: Setup, prediction: RulePrediction) -> Problem:
    """Return the run's problem with a space of the candidates alone, which may be outside the run's space."""
    networks = [candidate.network for budget in prediction.budgets for candidate in budget.candidates]
    space = DesignSpace(networks, setup.space.input_shape, setup.space.num_classes)
    return replace(setup.problem, space=space, known=KnownMetrics(space, setup.evaluator, setup.config.costs))


def tasks_of(setup: Setup, prediction: RulePrediction) -> list[Task]:
    """Return a task for every seed and candidate at the highest fidelity, seed by seed."""
    fidelity = setup.evaluator.rungs[-1].fidelity
    return [
        Task(candidate.network, seed, fidelity)
        for seed in prediction.seeds
        for budget in prediction.budgets
        for candidate in budget.candidates
    ]


def notes_of(setup: Setup) -> list[str]:
    """Return the sentences that a reader must know about the run's evaluations."""
    own = ["Scores were looked up; the searched network was chosen by the same numbers, so that its score is too high."]
    return [*(own if setup.evaluator.instant else []), *setup.notes]


def measure(prediction: RulePrediction, records: Sequence[Record], notes: Sequence[str] = ()) -> RuleTestResult:
    """Compare a prediction with the evaluations of its networks.

    Args:
        prediction: the prediction to test.
        records: evaluations of its networks, in any order.
        notes: sentences that :func:`notes_of` returns.
    """
    budgets = [_budget(budget, prediction.metric, records) for budget in prediction.budgets]
    # Candidates that are the same network have one test, which counts once.
    p_values = {
        pair: comparison.p_value
        for budget in budgets
        for pair, comparison in _pairs(budget)
        if comparison.p_value is not None
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return RuleTestResult(
        prediction,
        tuple(
            replace(budget, comparisons=tuple(_judged(found, corrected.get(pair)) for pair, found in _pairs(budget)))
            for budget in budgets
        ),
        len(p_values),
        (*_notes(budgets), *notes),
    )


def _pairs(budget: RuleTestBudget) -> list[tuple[frozenset[str], CandidateComparison]]:
    """Return the comparisons of a budget, each with the keys of its two networks."""
    own, *others = (measured.candidate.key for measured in budget.candidates)
    return [(frozenset({own, other}), found) for other, found in zip(others, budget.comparisons, strict=True)]


def _budget(budget: BudgetPrediction, metric: str, records: Sequence[Record]) -> RuleTestBudget:
    measured = tuple(_measured(candidate, budget.candidates, metric, records) for candidate in budget.candidates)
    ours, others = measured[0], measured[1:]
    assert ours.candidate.name == RULE
    comparisons = tuple(_comparison(ours, other, budget.gains.get(other.candidate.name)) for other in others)
    return RuleTestBudget(budget.flops, measured, comparisons, budget.left_out)


def _measured(
    candidate: Candidate, everyone: Sequence[Candidate], metric: str, records: Sequence[Record]
) -> MeasuredCandidate:
    own = [record for record in records if record.key == candidate.key]
    scores = {seed: score for record in own for seed, score in scores_of(record, metric).items()}
    mean = float(np.mean(list(scores.values()))) if scores else None
    return MeasuredCandidate(
        candidate=candidate,
        scores=scores,
        mean=mean,
        interval=over_seeds(list(scores.values())),
        held=None if mean is None else candidate.score.low <= mean <= candidate.score.high,
        same_as=tuple(c.name for c in everyone if c.key == candidate.key and c.name != candidate.name),
        # A network that is several candidates has one record for each of them.
        failures=tuple(dict.fromkeys(f"seed {r.seed}: {_failure(r)}" for r in own if not scores_of(r, metric))),
    )


def scores_of(record: Record, metric: str) -> Scores:
    """Return an evaluation's scores by seed: one, or those of a table with columns ``METRIC_seed0`` and so on."""
    prefix = f"{metric}_seed"
    columns = {name.removeprefix(prefix): value for name, value in record.metrics.items() if name.startswith(prefix)}
    if columns and all(seed.isdigit() for seed in columns):
        return {int(seed): score for seed, score in sorted(columns.items())}
    return {record.seed: record.metrics[metric]} if metric in record.metrics else {}


def _failure(record: Record) -> str:
    return f"{record.status}: {record.evaluation.reason}" if record.evaluation else record.status


def _comparison(ours: MeasuredCandidate, other: MeasuredCandidate, predicted: Interval | None) -> CandidateComparison:
    """Compare two candidates, before p-values are corrected and without a verdict."""
    name = other.candidate.name
    if other.candidate.key == ours.candidate.key:
        return CandidateComparison(name, None, None, None, None, None, SAME)
    both = [seed for seed in ours.scores if seed in other.scores]
    differences = [ours.scores[seed] - other.scores[seed] for seed in both]
    gain = float(np.mean(differences)) if differences else None
    return CandidateComparison(
        over=name,
        predicted=predicted,
        gain=gain,
        interval=over_seeds(differences),
        p_value=_p_value(differences),
        held=None if gain is None or predicted is None else predicted.low <= gain <= predicted.high,
        verdict=UNDECIDED,
    )


def _judged(comparison: CandidateComparison, p_value: float | None) -> CandidateComparison:
    if p_value is None or comparison.gain is None:
        return comparison
    found = BETTER if comparison.gain > 0 else WORSE
    return replace(comparison, p_value=p_value, verdict=found if p_value <= _LEVEL else NO_DIFFERENCE)


def over_seeds(values: Sequence[float]) -> Interval | None:
    """Return the mean and its 95 % interval by Student's t; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = float(np.mean(values))
    reach = float(student.isf(_LEVEL / 2, len(values) - 1)) * _standard_error(values)
    return Interval(mean, mean - reach, mean + reach)


def _p_value(differences: Sequence[float]) -> float | None:
    """Return the two-sided p-value by Student's t; None for fewer than two differences."""
    if len(differences) < 2:
        return None
    mean, error = abs(float(np.mean(differences))), _standard_error(differences)
    if error == 0:
        # There is no noise if the evaluator does not depend on the seed.
        return float(mean == 0)
    return float(2 * student.sf(mean / error, len(differences) - 1))


def _standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _notes(budgets: Sequence[RuleTestBudget]) -> list[str]:
    found = []
    if all(len(measured.scores) < 2 for budget in budgets for measured in budget.candidates):
        found.append("There is only one seed, so that there is no interval over seeds and networks cannot be compared.")
    return found


def _candidate(measured: MeasuredCandidate) -> dict[str, Any]:
    candidate = measured.candidate
    return {
        "name": candidate.name,
        "key": candidate.key,
        "architecture": arch.to_dict(candidate.network),
        "setting": candidate.setting,
        "flops": candidate.flops,
        "chosen": candidate.chosen,
        "predicted": asdict(candidate.score),
        "scores": {str(seed): score for seed, score in measured.scores.items()},
        "mean": measured.mean,
        "interval": measured.interval and asdict(measured.interval),
        "held": measured.held,
        "same_as": list(measured.same_as),
        "failures": list(measured.failures),
    }
