"""Evaluate a front finally: train every member again with several seeds, and attack it by AutoAttack.

A search chooses by one training and a quick attack, so that its best networks were partly lucky. The final evaluation
uses what no choice was based on: other seeds, the test split, and stronger attacks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from rnas.nas._setup import Setup
from rnas.nas.config import FinalEvaluation
from rnas.nas.evaluators.evaluator import FINAL_ACCURACY, Task
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import minimised
from rnas.utils.provenance import json_hash

_SUFFIX = "final-evaluation"
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class FinalMember:
    """Hold the final evaluation of one member of the front.

    Attributes:
        key: key of the architecture.
        searched: value of the objective that ranks, as the search measured it.
        rank: rank by that value, from 1.
        seeds: seeds of its new trainings and evaluations.
        accuracies: worst-case accuracy with each seed, in [0, 1].
        accuracy: their mean; None without any result.
        half_width: half width of its 95 % interval over seeds, by Student's t; None with fewer than two seeds.
        final_rank: rank by the mean, from 1; None without a mean.
        flags: names of the checks that found robustness overestimated, with any seed.
        failures: trainings that ended without a result, each with its reason.
    """

    key: str
    searched: float
    rank: int
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    accuracy: float | None
    half_width: float | None
    final_rank: int | None
    flags: tuple[str, ...]
    failures: tuple[str, ...]


def tasks_of(front: Sequence[Record], setup: Setup, final_evaluation: FinalEvaluation) -> list[Task]:
    """Return the tasks of each member at the highest fidelity, with seeds above the search's own, member by member."""
    fidelity = setup.evaluator.rungs[-1].fidelity
    seeds = range(setup.config.seed + 1, setup.config.seed + 1 + final_evaluation.seeds)
    return [Task(record.architecture, seed, fidelity) for record in front for seed in seeds]


def ledger_of(search: Ledger, setup: Setup, final_evaluation: FinalEvaluation, new: bool = True) -> Ledger | None:
    """Return the ledger of the final evaluations; None if it does not exist yet and ``new`` is false."""
    decided_by = json_hash({"attacks": list(final_evaluation.attacks)})
    suffix = f"{_SUFFIX}-{decided_by}"
    if not new and not search.has_companion(suffix):
        return None
    judged = search.companion(suffix, f"{setup.config.fingerprint}-{decided_by}", new)
    judged.require_within({FINAL_ACCURACY: (0.0, 1.0), **setup.bounds})
    return judged


def ranked(front: Sequence[Record], records: Sequence[Record], setup: Setup) -> list[FinalMember]:
    """Rank the front's members by their final evaluations, best first; members without one are last.

    Args:
        front: front of the search.
        records: records of final evaluations; those of other architectures are ignored.
        setup: parts of the search.
    """
    objective = next((o for o in setup.problem.objectives if o.direction == "maximize"), setup.problem.objectives[0])
    searched = minimised({objective.metric: np.array([r.metrics[objective.metric] for r in front])}, (objective,))[:, 0]
    found = []
    for row, member in enumerate(front):
        own = [record for record in records if record.key == member.key and record.evaluation is not None]
        complete = [record for record in own if FINAL_ACCURACY in record.metrics]
        accuracies = [record.metrics[FINAL_ACCURACY] for record in complete]
        found.append(
            FinalMember(
                key=member.key,
                searched=member.metrics[objective.metric],
                rank=1 + int((searched < searched[row]).sum()),
                seeds=tuple(record.seed for record in complete),
                accuracies=tuple(accuracies),
                accuracy=float(np.mean(accuracies)) if accuracies else None,
                half_width=_half_width(accuracies),
                final_rank=None,
                flags=tuple(dict.fromkeys(name for record in complete for name in _flags(record))),
                failures=tuple(f"seed {r.seed}: {r.status}: {_reason(r)}" for r in own if not r.complete),
            )
        )
    return _with_final_ranks(found)


def _with_final_ranks(final_members: Sequence[FinalMember]) -> list[FinalMember]:
    means = [member.accuracy for member in final_members]
    placed = [
        member
        if member.accuracy is None
        else replace(member, final_rank=1 + sum(mean is not None and mean > member.accuracy for mean in means))
        for member in final_members
    ]
    return sorted(placed, key=lambda f: (f.final_rank or math.inf, f.rank))


def _half_width(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    quantile = student.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)
    return float(quantile * np.std(values, ddof=1) / math.sqrt(len(values)))


def _flags(record: Record) -> list[str]:
    final = record.evaluation.provenance.get("final_evaluation", {}) if record.evaluation else {}
    return [flag["name"] for flag in final.get("flags", ())]


def _reason(record: Record) -> str:
    return record.evaluation.reason if record.evaluation else ""
