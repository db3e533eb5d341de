"""Collect the front of a run: its members, their scores and the noise of the differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rnas.statistics.proportions import Proportion, indistinguishable, proportion
from rnas.utils._metric import TEST, Metric

Run = Mapping[str, Any]
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """A metric of one architecture, on the search_val images and on the test images.

    Attributes:
        metric: the metric.
        search: value on the search_val images, or None if it is missing.
        test: value on the test images, or None if it was not measured.
        search_val_share, test_share: the same values as shares of images; None unless the metric is an accuracy with a
            known number of images.
    """

    metric: Metric
    search: float | None
    test: float | None
    search_val_share: Proportion | None
    test_share: Proportion | None

    @property
    def share(self) -> Proportion | None:
        """Return the share of the test images, if there are any, else that of the search_val images."""
        return self.test_share or self.search_val_share

    @property
    def drop(self) -> float | None:
        """Return how much worse the test value is, in the metric's unit; negative if it is better."""
        if self.search is None or self.test is None:
            return None
        worse = self.search - self.test
        return -worse if self.metric.direction == "minimize" else worse


@dataclass(frozen=True)
class FrontMember:
    """An architecture of the front.

    Attributes:
        evaluation: the architecture's record in the run's JSON.
        row: index of that record among the run's evaluations.
        objectives: scores in the order of the objectives.
        others: scores of all other metrics.
        tied_with: key of the previous member if their accuracies are indistinguishable, else None.
    """

    evaluation: Record
    row: int
    objectives: tuple[Score, ...]
    others: tuple[Score, ...]
    tied_with: str | None = None

    @property
    def key(self) -> str:
        """Return the key of the architecture."""
        return str(self.evaluation["key"])

    def score(self, metric: Metric) -> Score:
        """Return the score of one metric."""
        return next(s for s in self.objectives + self.others if s.metric.name == metric.name)


def judged(metrics: tuple[Metric, ...]) -> Metric | None:
    """Return the metric whose noise decides what is distinguishable: the first objective that is an accuracy."""
    return next((m for m in metrics if m.direction and m.kind == "proportion"), None)


def members(run: Run, metrics: tuple[Metric, ...]) -> list[FrontMember]:
    """Return the front, best first by the first objective that is an accuracy, or else by the first objective.

    An architecture that was evaluated more than once is shown with its last complete evaluation at the highest rung.
    """
    objectives = [m for m in metrics if m.direction]
    rows = _rows(run, objectives)
    found = [_member(run["evaluations"][rows[key]], rows[key], metrics) for key in run["front"] if key in rows]
    order = judged(metrics) or objectives[0]
    sign = -1 if order.direction == "maximize" else 1
    found.sort(key=lambda member: sign * (member.score(order).search or 0.0))
    return _with_ties(found, judged(metrics))


def at_highest_rung(run: Run, evaluation: Record) -> bool:
    """Return whether an evaluation was made at the highest of the run's rungs."""
    highest = run.get("rungs", 1) - 1
    return bool(evaluation.get("rung", highest) == highest)


def _rows(run: Run, objectives: list[Metric]) -> dict[str, int]:
    """Return the index of the evaluation that each architecture is shown with, by key."""
    return {
        evaluation["key"]: row
        for row, evaluation in enumerate(run["evaluations"])
        if evaluation["status"] == "complete"
        and at_highest_rung(run, evaluation)
        and all(evaluation["metrics"].get(m.name) is not None for m in objectives)
    }


def _member(evaluation: Record, row: int, metrics: tuple[Metric, ...]) -> FrontMember:
    names = {m.name for m in metrics}
    shown = [m for m in metrics if not (m.name.startswith(TEST) and m.name.removeprefix(TEST) in names)]
    scores = [_score(evaluation, metric) for metric in shown]
    return FrontMember(
        evaluation,
        row,
        tuple(score for score in scores if score.metric.direction),
        tuple(score for score in scores if not score.metric.direction),
    )


def _score(evaluation: Record, metric: Metric) -> Score:
    test = Metric(TEST + metric.name, metric.kind)
    return Score(
        metric,
        evaluation["metrics"].get(metric.name),
        evaluation["metrics"].get(test.name),
        share_of(evaluation, metric),
        share_of(evaluation, test),
    )


def share_of(evaluation: Record, metric: Metric) -> Proportion | None:
    """Return an accuracy of one evaluation as a share of its images; None if their number is not known."""
    value = evaluation["metrics"].get(metric.name)
    images = ((evaluation.get("provenance") or {}).get("data") or {}).get("images") or {}
    count = images.get("test" if metric.name.startswith(TEST) else "search_val")
    if metric.kind != "proportion" or value is None or not count or not 0 <= value <= 1:
        return None
    return proportion(value, count)


def _with_ties(found: list[FrontMember], metric: Metric | None) -> list[FrontMember]:
    if metric is None:
        return found
    tied = found[:1]
    for before, member in pairwise(found):
        first, second = before.score(metric), member.score(metric)
        shares = (
            (first.test_share, second.test_share)
            if first.test_share and second.test_share
            else (first.search_val_share, second.search_val_share)
        )
        same = shares[0] is not None and shares[1] is not None and indistinguishable(shares[0], shares[1])
        tied.append(
            FrontMember(member.evaluation, member.row, member.objectives, member.others, before.key if same else None)
        )
    return tied
