"""Find members of a search by a word: a key, the knee of its front, the best under a cost, the most of a metric."""

import logging

import numpy as np

from rnas.errors import InputError
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.utils._metric import value_text
from rnas.utils.quantities import format_size, parse_size

FORMS = "a key, knee, at:FLOPS such as at:200M, or max:METRIC"
"""The words, for messages."""

_ROUNDING = 1e-12
_log = logging.getLogger(__name__)


def run_and_member(text: str) -> tuple[str, str, str]:
    """Split ``RUN:MEMBER`` into run, colon and member; the colon is empty if there is no member. A path may have
    colons.
    """
    folder, colon, word = text.rpartition(":")
    for form in ("at", "max"):
        if folder.endswith(f":{form}"):
            return folder.removesuffix(f":{form}"), colon, f"{form}:{word}"
    return folder, colon, word


def member(run: SearchResult, word: str) -> Record:
    """Return the record that a word names.

    Args:
        run: the search.
        word: a key of an evaluated architecture; ``knee``, or where the front has none its end by the first
            objective, and which it is is logged; ``at:200M``, the most robust under those FLOPs; or ``max:METRIC``,
            the complete record with the most of a metric.

    Raises:
        InputError: no record is meant, or the word is not one of these.
    """
    kind, _, value = word.partition(":")
    if kind in ("knee", "at", "max") and not run.complete:
        raise InputError(f"{_place(run)} has no complete evaluation yet")
    if word == "knee":
        return _knee_or_end(run)
    if kind == "at" and value:
        return best_under(run, parse_size(value))
    if kind == "max" and value:
        return greatest(run, value)
    having = [record for record in run.records if record.key == word]
    if having:
        return max(having, key=lambda record: record.rung)
    raise InputError(f"{_place(run)} has no member {word!r}; write {FORMS}")


def knee(run: SearchResult) -> Record | None:
    """Return the member of the front that is farthest from the plane through its extremes, towards the ideal.

    Every objective counts from its best to its worst value on the front (Das, Structural Optimization 18, 1999). Of
    equals the first on the front is meant. None where no member lies on that side of the plane: the front bulges the
    other way, or has nothing but its ends.
    """
    front = run.front()
    values = run.values[[record.number for record in front]]
    span = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(span > 0, span, 1)
    sums = np.round(scaled.sum(axis=1), 12)
    best = int(np.argmin(sums))
    # An extreme has the best of one objective and the worst of all others.
    plane = np.count_nonzero(span > 0) - 1
    return front[best] if sums[best] < plane - _ROUNDING else None


def _knee_or_end(run: SearchResult) -> Record:
    """Return the knee, or else the front's best by the first objective; log which one it is."""
    found = knee(run)
    objectives = run.setup.problem.objectives
    if found is None:
        values = run.values
        # Of equals the best by the second objective, and so on.
        record = min(run.front(), key=lambda record: tuple(values[record.number]))
        choice = f"no knee on the front of {_place(run)}: took its best {objectives[0].metric}"
    else:
        record, choice = found, f"knee of {_place(run)}"
    metrics = ", ".join(f"{o.metric} {value_text(o.metric, record.metrics[o.metric])}" for o in objectives)
    # A warning is seen where nobody set logging up, as in the commands.
    _log.warning("%s: %s, %s", choice, record.key, metrics)
    return record


def best_under(run: SearchResult, flops: int) -> Record:
    """Return the best record by the first maximised objective under a limit of FLOPs; raise InputError if none is."""
    gains = [objective.metric for objective in run.setup.problem.objectives if objective.direction == "maximize"]
    if not gains:
        raise InputError(f"{_place(run)} maximises nothing, so that none of its members is best under a cost")
    space = run.setup.space
    costs = {
        record.key: record.architecture.cost(space.input_shape, space.num_classes).flops for record in run.complete
    }
    within = [record for record in run.complete if costs[record.key] <= flops]
    if not within:
        raise InputError(
            f"{_place(run)} has no member of at most {format_size(flops)} FLOPs; "
            f"its smallest has {format_size(min(costs.values()))}"
        )
    return max(within, key=lambda record: (record.metrics[gains[0]], -costs[record.key]))


def greatest(run: SearchResult, metric: str) -> Record:
    """Return the complete record with the most of a metric; raise InputError if no record has the metric."""
    having = [record for record in run.complete if metric in record.metrics]
    if not having:
        known = sorted({name for record in run.complete for name in record.metrics})
        raise InputError(f"{_place(run)} has no metric {metric!r}; it has {', '.join(known)}")
    return max(having, key=lambda record: record.metrics[metric])


def _place(run: SearchResult) -> str:
    return str(run.path) if run.path is not None else "the search"
