"""Define the contract of a strategy, which proposes what to evaluate next from what is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.nas.objective import Objective
from rnas.nas.space import SearchSpace

Columns = Mapping[str, NDArray[np.float64]]
"""Values by name, each an array (n,)."""


@dataclass(frozen=True)
class Problem:
    """Define what is searched, and for which objectives.

    Attributes:
        space: the search space.
        objectives: what to trade off, in order.
        known: genomes (n, v) to columns (n,) of the metrics that need no evaluation (FLOPs and params always).
        reference: point (objectives,) of hypervolume, minimised form; worse than anything of interest.
        ideal: point (objectives,), minimised form, that nothing exceeds or is believed to exceed; where
            nothing is known of an objective, NaN in both.
    """

    space: SearchSpace
    objectives: tuple[Objective, ...]
    known: Callable[[Integers], Columns]
    reference: NDArray[np.float64]
    ideal: NDArray[np.float64]


@dataclass(frozen=True)
class Results:
    """Hold results at one rung, in ledger order.

    Attributes:
        genomes: (n, v) canonical genomes with a result.
        metrics: column (n,) for each metric; NaN if the evaluation failed.
        failed: (n,) evaluations without numbers: infeasible, never to be fitted.
    """

    genomes: Integers
    metrics: Columns
    failed: NDArray[np.bool_]


@dataclass(frozen=True)
class View(Results):
    """Hold what a strategy may see; its own results are those of the lowest rung, where all start.

    Results are in ledger order, and so are pending genomes. In an asynchronous search a pending genome may have been
    proposed before one that has a result.

    Attributes:
        pending: (p, v) genomes proposed before and not yet in ``genomes``.
        states: the state of each proposal of ``genomes`` and then of ``pending``; empty where all of them are.
        seed: seed of the search; the same for every batch, for strategies that are rebuilt from it.
        promoted: results at each higher rung, the next one first; empty with one rung.
        numbers: number in the ledger of each of ``genomes`` and then of ``pending``; empty if that is their order.
        promote: share of a rung whose best networks are promoted, in no order, in an asynchronous search; None if
            batches are promoted in their order.
        tried: bytes of each of ``genomes`` and ``pending``, where they are known already; see
            :func:`rnas.nas.strategies._candidates.taken`.
    """

    pending: Integers
    states: tuple[Mapping[str, Any], ...] = ()
    seed: int = 0
    promoted: tuple[Results, ...] = ()
    numbers: tuple[int, ...] = ()
    promote: float | None = None
    tried: frozenset[bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Prediction:
    """Predict a metric before evaluation, by mean and standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True)
class Proposal:
    """Propose a genome (v,) for evaluation.

    Attributes:
        genome: (v,) what to evaluate.
        predictions: predictions that led to it, by metric.
        state: JSON values that the strategy wants back with the view, as one that is replayed does.
    """

    genome: Integers
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)


class Strategy(Protocol):
    """Propose genomes. A strategy is registered under ``rnas.strategies`` as a class made from (problem, **options).

    A strategy has no state: its proposals depend on its arguments alone, so that a search that was killed and resumed
    ends as an uninterrupted one. A strategy that needs a state is replayed: it is rebuilt from the view's seed and gets
    its results in order, and the proposals' states store what else it needs.
    """

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Return at most ``n`` canonical genomes inside the bands, all different, none of them seen or pending.

        There are fewer if the space has no more; an empty list ends the search. The first ``k`` of them do not depend
        on the budget.
        """
