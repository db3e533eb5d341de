"""Members of a run by a word: a key, the knee of its front, the best under a cost, the most of a metric."""

import numpy as np

from rnas.errors import InputError
from rnas.ledger import Record
from rnas.quantities import format_size, parse_size
from rnas.run import Run

FORMS = "a key, knee, at:FLOPS such as at:200M, or max:METRIC"
"""The words, for messages."""


def run_and_member(text: str) -> tuple[str, str, str]:
    """Run, colon and member of ``RUN:MEMBER``; no colon where there is none. A directory's name may hold colons too."""
    folder, colon, word = text.rpartition(":")
    for form in ("at", "max"):
        if folder.endswith(f":{form}"):
            return folder.removesuffix(f":{form}"), colon, f"{form}:{word}"
    return folder, colon, word


def member(run: Run, word: str) -> Record:
    """The record that a word stands for.

    Args:
        run: where to look.
        word: a key of an evaluated architecture; ``knee``; ``at:200M``, the most robust under those FLOPs; or
            ``max:METRIC``, the complete record with the most of a metric.

    Raises:
        InputError: no record is meant, or the word is none of these.
    """
    kind, _, value = word.partition(":")
    if kind in ("knee", "at", "max") and not run.complete:
        raise InputError(f"{_place(run)} has no complete evaluation yet")
    if word == "knee":
        return knee(run)
    if kind == "at" and value:
        return best_under(run, parse_size(value))
    if kind == "max" and value:
        return greatest(run, value)
    having = [record for record in run.records if record.key == word]
    if having:
        return min(having, key=lambda record: record.rungs_above)
    raise InputError(f"{_place(run)} has no member {word!r}; write {FORMS}")


def knee(run: Run) -> Record:
    """The member of the front that is farthest from the plane through the front's extremes, towards the ideal.

    Every objective counts from its best to its worst value on the front (Das, Structural Optimization 18, 1999). Of
    equals the first on the front is meant.
    """
    front = run.front()
    values = run.values[[record.number for record in front]]
    span = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(span > 0, span, 1)
    return front[int(np.argmin(np.round(scaled.sum(axis=1), 12)))]


def best_under(run: Run, flops: int) -> Record:
    """The record with the best first maximised objective among those of at most so many FLOPs; InputError if none."""
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


def greatest(run: Run, metric: str) -> Record:
    """The complete record with the most of a metric; InputError where none has it."""
    having = [record for record in run.complete if metric in record.metrics]
    if not having:
        known = sorted({name for record in run.complete for name in record.metrics})
        raise InputError(f"{_place(run)} has no metric {metric!r}; it has {', '.join(known)}")
    return max(having, key=lambda record: record.metrics[metric])


def _place(run: Run) -> str:
    return str(run.directory.path) if run.directory is not None else "the run"
