"""Run the loop between strategy, ledger and executor.

Batch ``b`` is proposed from the results of the batches before ``b - lookahead``, with the batches in between
as pending, and from the random generator of (seed, number of its first proposal). So what is tried depends
neither on the order in which evaluations end, nor on the number of workers, nor on the budget; a search
killed at any moment and resumed, or extended, makes the proposals that an uninterrupted one makes.

An asynchronous search proposes networks one by one instead, each from all results that are known at that moment, with
everything that is under way as pending. What it tries depends on the order in which evaluations end; a search that is
resumed makes the same proposal from the same results.

The strategy proposes for the lowest rung; batches for the rungs above promote the better half of
an earlier batch, see :mod:`rnas.nas._rungs`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from rnas._typing import Integers
from rnas.experiment import Listener
from rnas.nas._dispatch import dispatch
from rnas.nas._rungs import BatchPosition, batch_of, position_of, promoted
from rnas.nas._views import Views
from rnas.nas.evaluators.evaluator import Rung
from rnas.nas.execution.executor import Executor
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import minimised
from rnas.nas.strategies._proposals import check_proposals
from rnas.nas.strategy import Problem, Proposal, Strategy
from rnas.networks import architecture as arch

_ROUNDING = 1e-9


@dataclass
class Loop:
    """Run one search.

    Attributes:
        problem: search space, objectives and known metrics.
        strategy: what to try next.
        ledger: everything known so far.
        executor: executor of the evaluations.
        seed: seed of the search, and of every evaluation.
        batch_size: proposals of one batch at the lowest rung.
        lookahead: number of batches that may be open when the next is proposed: 0 waits for each batch, 1 keeps
            all slots busy.
        asynchronous: whether networks are proposed one by one, so that ``batch_size`` of them are under way, or as many
            as the executor has slots if these are more.
        rungs: rungs of fidelity, cheapest first.
        promote: share of the complete records of a batch that is promoted to the next rung.
        listener: learns of progress.
    """

    problem: Problem
    strategy: Strategy
    ledger: Ledger
    executor: Executor
    seed: int
    batch_size: int
    lookahead: Literal[0, 1] = 0
    asynchronous: bool = False
    rungs: tuple[Rung, ...] = (Rung(),)
    promote: float = 0.5
    listener: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self._views = Views(self.ledger, self.problem, len(self.rungs))
        self._last_cohort = math.inf
        self._exhausted = False

    def run(self, budget: float, until: float = float("inf")) -> None:
        """Search until the evaluations have cost ``budget`` or the space is exhausted.

        Args:
            budget: evaluations in all, those of earlier runs included; one at a lower rung counts as its share.
            until: ``time.monotonic()`` after which nothing new is started.
        """
        self._views.refresh()
        batch = self.ledger[-1].batch if len(self.ledger) else 0

        def more() -> list[int]:
            nonlocal batch
            self._views.refresh()
            written: list[int] = []
            if self.asynchronous:
                return self._fill(budget)
            while self._may_propose(batch) and self._affords(self._position(batch).rung, budget):
                numbers, whole = self._propose(batch, budget)
                written += numbers
                batch += whole
            return written

        _, waiting = self._views.split()
        dispatch(waiting.tolist(), self.problem, self.ledger, self.executor, self.listener, until, more)

    def _position(self, batch: int) -> BatchPosition:
        return position_of(batch, len(self.rungs))

    def _ended(self, batch: int) -> bool:
        """Return whether the space is exhausted, so that neither this batch nor a later one has anything to propose."""
        position = self._position(batch)
        return position.cohort + position.rung - (len(self.rungs) - 1) > self._last_cohort

    def _affords(self, rung: int, budget: float) -> bool:
        """Return whether the budget suffices for one more evaluation at a rung."""
        return cost(self._views.counts, self.rungs) + self.rungs[rung].share <= budget + _ROUNDING

    def _fill(self, budget: float) -> list[int]:
        """Write proposals until enough evaluations are under way; the numbers written."""
        written: list[int] = []
        in_flight = max(self.batch_size, self.executor.slots)
        # The lowest rung costs the least.
        while self._affords(0, budget) and self._views.num_open < in_flight:
            seen, pending = self._views.split()
            rung, proposal = self._next(seen, pending)
            if proposal is None or not self._affords(rung, budget):
                break
            written.append(self._write(proposal, len(self._views), len(seen), rung))
        return written

    def _next(self, seen: Integers, pending: Integers) -> tuple[int, Proposal | None]:
        """Return the rung of the next proposal, and the proposal: a promotion, to the highest rung that has one, or a
        new network; None if the space has no more.
        """
        for rung in range(len(self.rungs) - 1, 0, -1):
            below = self._views.complete(self._views.at(rung - 1, seen))
            there = self._views.keys_at(rung)
            most = int(self.promote * len(below))
            best = self._best(below, np.arange(len(below)), most) if len(there) < most else below[:0]
            for row in best:
                if self.ledger[row].key not in there:
                    return rung, Proposal(self._views.genomes(row))
        proposals = [] if self._exhausted else self._from_strategy(seen, pending, 1)
        self._exhausted = not proposals
        return 0, proposals[0] if proposals else None

    def _may_propose(self, batch: int) -> bool:
        """Return whether the space is not exhausted and all results are known that this batch depends on."""
        return not self._ended(batch) and self._views.first_open_batch >= batch - self.lookahead

    def _propose(self, batch: int, budget: float) -> tuple[list[int], bool]:
        """Write what is missing of a batch; the numbers written, and whether it is now whole."""
        earlier = np.arange(self._views.before_batch(batch))
        seen, pending = np.split(earlier, [self._views.before_batch(batch - self.lookahead)])
        position = self._position(batch)
        if position.rung > 0:
            proposals = self._promotions(position, seen)
        elif position.cohort > self._last_cohort:
            proposals = []
        else:
            proposals = self._from_strategy(seen, pending, self.batch_size)
            if len(proposals) < self.batch_size:
                self._last_cohort = position.cohort
        written: list[int] = []
        for proposal in proposals[len(self._views) - len(earlier) :]:
            if not self._affords(position.rung, budget):
                return written, False
            written.append(self._write(proposal, batch, len(seen), position.rung))
        return written, True

    def _from_strategy(self, seen: Integers, pending: Integers, n: int) -> list[Proposal]:
        rng = np.random.default_rng([self.seed, len(seen) + len(pending)])
        view = self._views.view(seen, pending, self.seed, self.promote if self.asynchronous else None)
        # With several threads the sums of linear algebra come out in another order.
        with threadpool_limits(limits=1):
            proposals = self.strategy.propose(n, view, rng)
        check_proposals(self.strategy, proposals, n, self.problem, view)
        return proposals

    def _promotions(self, position: BatchPosition, seen: Integers) -> list[Proposal]:
        """Return the promoted share of a cohort, by the results at the rung below."""
        below = self._views.complete(self._views.at(position.rung - 1, seen))
        source = batch_of(BatchPosition(position.rung - 1, position.cohort), len(self.rungs))
        members = self._views.of_batch(source, below)
        if len(members) == 0:
            return []
        best = self._best(below, members, math.ceil(self.promote * len(members)))
        return [Proposal(genome) for genome in self._views.genomes(best)]

    def _best(self, rows: Integers, members: Integers, n: int) -> Integers:
        """Return the ``n`` best of some members of complete records at one rung, best first."""
        points = minimised(self._views.results(rows).metrics, self.problem.objectives)
        best: Integers = rows[promoted(points, members, n)]
        return best

    def _write(self, proposal: Proposal, batch: int, num_observed: int, rung: int) -> int:
        """Write a proposal to the ledger; its number."""
        record = self._record(proposal, batch, num_observed, rung)
        self.ledger.propose(record, self.problem.space.all_variables)
        self._views.refresh()
        self.listener.proposed(record)
        return record.number

    def _record(self, proposal: Proposal, batch: int, num_observed: int, rung: int) -> Record:
        architecture = self.problem.space.decode(proposal.genome)
        key = arch.key(architecture)
        return Record(
            number=len(self.ledger),
            key=key,
            architecture=architecture,
            seed=self.seed,
            fidelity=self.rungs[rung].fidelity,
            batch=batch,
            num_observed=num_observed,
            predictions=proposal.predictions,
            parameters=self.problem.space.parameters_of(self._views.genome_of(key, architecture)),
            state=proposal.state,
            rung=rung,
        )


def spent(records: Iterable[Record], rungs: Sequence[Rung]) -> float:
    """Return the cost of proposals, in evaluations at the highest rung."""
    counted = Counter(record.rung for record in records)
    return cost([counted[rung] for rung in range(len(rungs))], rungs)


def cost(counts: Sequence[int], rungs: Sequence[Rung]) -> float:
    """Return the cost of so many proposals at each rung, in evaluations at the highest rung."""
    return sum(count * rung.share for count, rung in zip(counts, rungs, strict=True))
