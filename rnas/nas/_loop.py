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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from rnas._typing import Integers
from rnas.experiment import Listener
from rnas.nas._dispatch import dispatch
from rnas.nas._rungs import BatchPosition, batch_of, position_of, promoted
from rnas.nas.evaluators.evaluator import Rung
from rnas.nas.execution.executor import Executor
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import minimised
from rnas.nas.strategies._proposals import check_proposals
from rnas.nas.strategy import Problem, Proposal, Results, Strategy, View
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
        self._encoded: dict[str, Integers] = {}
        self._last_cohort = math.inf
        self._exhausted = False

    def run(self, budget: float, until: float = float("inf")) -> None:
        """Search until the evaluations have cost ``budget`` or the space is exhausted.

        Args:
            budget: evaluations in all, those of earlier runs included; one at a lower rung counts as its share.
            until: ``time.monotonic()`` after which nothing new is started.
        """
        records = self.ledger.records
        open_numbers = [record.number for record in records if record.evaluation is None]
        batch = records[-1].batch if records else 0

        def more() -> list[int]:
            nonlocal batch
            written: list[int] = []
            if self.asynchronous:
                return self._fill(budget)
            while self._may_propose(batch) and self._affords(self._position(batch).rung, budget):
                numbers, whole = self._propose(batch, budget)
                written += numbers
                batch += whole
            return written

        dispatch(open_numbers, self.problem, self.ledger, self.executor, self.listener, until, more)

    def _position(self, batch: int) -> BatchPosition:
        return position_of(batch, len(self.rungs))

    def _ended(self, batch: int) -> bool:
        """Return whether the space is exhausted, so that neither this batch nor a later one has anything to propose."""
        position = self._position(batch)
        return position.cohort + position.rung - (len(self.rungs) - 1) > self._last_cohort

    def _affords(self, rung: int, budget: float) -> bool:
        """Return whether the budget suffices for one more evaluation at a rung."""
        return spent(self.ledger.records, self.rungs) + self.rungs[rung].share <= budget + _ROUNDING

    def _fill(self, budget: float) -> list[int]:
        """Write proposals until enough evaluations are under way; the numbers written."""
        written: list[int] = []
        in_flight = max(self.batch_size, self.executor.slots)
        # The lowest rung costs the least.
        while self._affords(0, budget):
            records = self.ledger.records
            seen = [record for record in records if record.evaluation is not None]
            if len(records) - len(seen) >= in_flight:
                break
            rung, proposal = self._next(seen, [record for record in records if record.evaluation is None])
            if proposal is None or not self._affords(rung, budget):
                break
            written.append(self._write(proposal, len(records), len(seen), rung))
        return written

    def _next(self, seen: Sequence[Record], pending: Sequence[Record]) -> tuple[int, Proposal | None]:
        """Return the rung of the next proposal, and the proposal: a promotion, to the highest rung that has one, or a
        new network; None if the space has no more.
        """
        for rung in range(len(self.rungs) - 1, 0, -1):
            below = [record for record in self._at(rung - 1, seen) if record.complete]
            there = {record.key for record in self._at(rung, [*seen, *pending])}
            most = int(self.promote * len(below))
            best = self._best(below, np.arange(len(below)), most) if len(there) < most else []
            for record in best:
                if record.key not in there:
                    return rung, Proposal(self._genome(record))
        proposals = [] if self._exhausted else self._from_strategy(seen, pending, 1)
        self._exhausted = not proposals
        return 0, proposals[0] if proposals else None

    def _may_propose(self, batch: int) -> bool:
        """Return whether the space is not exhausted and all results are known that this batch depends on."""
        return not self._ended(batch) and all(
            record.evaluation is not None for record in self.ledger.records if record.batch < batch - self.lookahead
        )

    def _propose(self, batch: int, budget: float) -> tuple[list[int], bool]:
        """Write what is missing of a batch; the numbers written, and whether it is now whole."""
        records = self.ledger.records
        earlier = [record for record in records if record.batch < batch]
        seen = [record for record in earlier if record.batch < batch - self.lookahead]
        position = self._position(batch)
        if position.rung > 0:
            proposals = self._promotions(position, seen)
        elif position.cohort > self._last_cohort:
            proposals = []
        else:
            proposals = self._from_strategy(seen, earlier[len(seen) :], self.batch_size)
            if len(proposals) < self.batch_size:
                self._last_cohort = position.cohort
        written: list[int] = []
        for proposal in proposals[len(records) - len(earlier) :]:
            if not self._affords(position.rung, budget):
                return written, False
            written.append(self._write(proposal, batch, len(seen), position.rung))
        return written, True

    def _from_strategy(self, seen: Sequence[Record], pending: Sequence[Record], n: int) -> list[Proposal]:
        rng = np.random.default_rng([self.seed, len(seen) + len(pending)])
        view = self._view(seen, pending)
        # With several threads the sums of linear algebra come out in another order.
        with threadpool_limits(limits=1):
            proposals = self.strategy.propose(n, view, rng)
        check_proposals(self.strategy, proposals, n, self.problem, view)
        return proposals

    def _promotions(self, position: BatchPosition, seen: Sequence[Record]) -> list[Proposal]:
        """Return the promoted share of a cohort, by the results at the rung below."""
        below = [record for record in self._at(position.rung - 1, seen) if record.complete]
        source = batch_of(BatchPosition(position.rung - 1, position.cohort), len(self.rungs))
        members = np.flatnonzero([record.batch == source for record in below])
        if len(members) == 0:
            return []
        best = self._best(below, members, math.ceil(self.promote * len(members)))
        return [Proposal(genome) for genome in self._genomes(best)]

    def _best(self, records: Sequence[Record], members: Integers, n: int) -> list[Record]:
        """Return the ``n`` best of some members of complete records at one rung, best first."""
        points = minimised(self._results(records).metrics, self.problem.objectives)
        return [records[row] for row in promoted(points, members, n)]

    def _write(self, proposal: Proposal, batch: int, num_observed: int, rung: int) -> int:
        """Write a proposal to the ledger; its number."""
        record = self._record(proposal, batch, num_observed, rung)
        self.ledger.propose(record, self.problem.space.all_variables)
        self.listener.proposed(record)
        return record.number

    def _record(self, proposal: Proposal, batch: int, num_observed: int, rung: int) -> Record:
        architecture = self.problem.space.decode(proposal.genome)
        return Record(
            number=len(self.ledger),
            key=arch.key(architecture),
            architecture=architecture,
            seed=self.seed,
            fidelity=self.rungs[rung].fidelity,
            batch=batch,
            num_observed=num_observed,
            predictions=proposal.predictions,
            parameters=self.problem.space.parameters(architecture),
            state=proposal.state,
            rung=rung,
        )

    def _at(self, rung: int, records: Iterable[Record]) -> list[Record]:
        """Return the records that are evaluated at a rung."""
        return [record for record in records if record.rung == rung]

    def _view(self, seen: Sequence[Record], pending: Sequence[Record]) -> View:
        observed, waiting = self._at(0, seen), self._at(0, pending)
        states = tuple(record.state for record in (*observed, *waiting))
        results = self._results(observed)
        return View(
            genomes=results.genomes,
            metrics=results.metrics,
            failed=results.failed,
            pending=self._genomes(waiting),
            states=states if any(states) else (),
            seed=self.seed,
            promoted=tuple(self._results(self._at(rung, seen)) for rung in range(1, len(self.rungs))),
            numbers=tuple(record.number for record in (*observed, *waiting)),
            promote=self.promote if self.asynchronous else None,
        )

    def _results(self, records: Sequence[Record]) -> Results:
        names = dict.fromkeys(objective.metric for objective in self.problem.objectives)
        names |= dict.fromkeys(name for record in records for name in record.metrics)
        return Results(
            genomes=self._genomes(records),
            metrics={
                name: np.array([record.metrics.get(name, np.nan) for record in records], dtype=float) for name in names
            },
            failed=np.array([not record.complete for record in records], dtype=bool),
        )

    def _genomes(self, records: Iterable[Record]) -> Integers:
        rows = [self._genome(record) for record in records]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.problem.space.variables))

    def _genome(self, record: Record) -> Integers:
        if record.key not in self._encoded:
            self._encoded[record.key] = self.problem.space.encode(record.architecture)
        return self._encoded[record.key]


def spent(records: Iterable[Record], rungs: Sequence[Rung]) -> float:
    """Return the cost of proposals, in evaluations at the highest rung."""
    return sum(rungs[record.rung].share for record in records)
