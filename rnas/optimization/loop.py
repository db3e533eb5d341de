"""The loop between strategy, ledger and executor.

Batch ``b`` is proposed from the results of the batches before ``b - lookahead``, with the batches in between
as pending, and from the random generator of (seed, number of its first proposal). So what is tried depends
neither on the order in which evaluations end, nor on the number of workers, nor on the budget; a search
killed at any moment and resumed, or extended, makes the proposals that an uninterrupted one makes.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from rnas import architecture as arch
from rnas.cost import Integers
from rnas.evaluation.evaluator import Evaluation, Status, Task
from rnas.execution.executor import Executor
from rnas.ledger import Ledger, Record
from rnas.optimization.strategy import Problem, Proposal, Strategy, View


class Listener(Protocol):
    """Is told what happens; what it does changes nothing."""

    def proposed(self, record: Record) -> None:
        """A proposal was written."""

    def recorded(self, record: Record) -> None:
        """A result was written."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Now and then: the share done of each evaluation that runs, by number."""


class Silent:
    """A listener that does nothing."""

    def proposed(self, record: Record) -> None:
        """Nothing."""

    def recorded(self, record: Record) -> None:
        """Nothing."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Nothing."""


@dataclass
class Loop:
    """One search in progress.

    Attributes:
        problem: what is searched, for what.
        strategy: what to try next.
        ledger: everything known so far.
        executor: where evaluations run.
        seed: of the search, and of every evaluation.
        batch_size: proposals of one batch.
        lookahead: how many batches may be open while the next is proposed: 0 waits for each batch, 1 keeps
            all slots busy.
        fidelity: of every evaluation, as JSON.
        listener: is told what happens.
    """

    problem: Problem
    strategy: Strategy
    ledger: Ledger
    executor: Executor
    seed: int
    batch_size: int
    lookahead: int = 0
    fidelity: Mapping[str, Any] = field(default_factory=dict)
    listener: Listener = field(default_factory=Silent)

    def run(self, budget: int, until: float = float("inf")) -> None:
        """Search until the ledger holds ``budget`` results or the space is exhausted.

        Args:
            budget: results in all, those of earlier runs included.
            until: ``time.monotonic()`` after which nothing new is started.
        """
        self.ledger.settle()
        waiting = [record.number for record in self.ledger.records if record.evaluation is None]
        running: set[int] = set()
        exhausted = False
        while True:
            open_for_more = time.monotonic() < until
            while open_for_more and not exhausted and len(self.ledger) < budget and self._may_propose():
                numbers, exhausted = self._propose(budget)
                waiting += numbers
            while open_for_more and waiting and len(running) < self.executor.slots:
                number = waiting.pop(0)
                record = self.ledger.records[number]
                self.executor.submit(number, Task(record.architecture, record.seed, record.fidelity))
                running.add(number)
            if not running:
                return
            for number, evaluation in self.executor.wait(self.listener.running):
                running.discard(number)
                self.listener.recorded(self.ledger.record(number, self._with_known(number, evaluation)))

    def _next_batch(self) -> int:
        """Number of the batch that the next proposal belongs to."""
        records = self.ledger.records
        if not records:
            return 0
        last = records[-1].batch
        size = sum(record.batch == last for record in records)
        return last if size < self.batch_size else last + 1

    def _may_propose(self) -> bool:
        seen = self._next_batch() - self.lookahead
        return all(record.evaluation is not None for record in self.ledger.records if record.batch < seen)

    def _propose(self, budget: int) -> tuple[list[int], bool]:
        """Write the rest of the next batch; the numbers written, and whether the space is exhausted."""
        batch = self._next_batch()
        records = self.ledger.records
        earlier = [record for record in records if record.batch < batch]
        seen = [record for record in earlier if record.batch < batch - self.lookahead]
        pending = earlier[len(seen) :]
        rng = np.random.default_rng([self.seed, len(earlier)])
        # With several threads the sums of linear algebra come out in another order.
        with threadpool_limits(limits=1):
            proposals = self.strategy.propose(self.batch_size, self._view(seen, pending), rng)
        written = []
        for proposal in proposals[len(records) - len(earlier) :]:
            if len(self.ledger) == budget:
                break
            record = self._record(proposal, batch, len(seen))
            self.ledger.propose(record, self.problem.space.all_variables)
            self.listener.proposed(record)
            written.append(record.number)
        return written, len(proposals) < self.batch_size

    def _record(self, proposal: Proposal, batch: int, made_from: int) -> Record:
        architecture = self.problem.space.decode(proposal.genome)
        return Record(
            number=len(self.ledger),
            key=arch.key(architecture),
            architecture=architecture,
            seed=self.seed,
            fidelity=self.fidelity,
            batch=batch,
            made_from=made_from,
            predictions=proposal.predictions,
            state=proposal.state,
            parameters=self.problem.space.parameters(architecture),
        )

    def _view(self, seen: Sequence[Record], pending: Sequence[Record]) -> View:
        names = dict.fromkeys(objective.metric for objective in self.problem.objectives)
        names |= dict.fromkeys(name for record in seen for name in record.metrics)
        states = tuple(record.state for record in (*seen, *pending))
        return View(
            genomes=self._genomes(seen),
            metrics={
                name: np.array([record.metrics.get(name, np.nan) for record in seen], dtype=float) for name in names
            },
            failed=np.array([not record.complete for record in seen], dtype=bool),
            pending=self._genomes(pending),
            states=states if any(states) else (),
            seed=self.seed,
        )

    def _genomes(self, records: Iterable[Record]) -> Integers:
        space = self.problem.space
        rows = [space.encode(record.architecture) for record in records]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(space.variables))

    def _with_known(self, number: int, evaluation: Evaluation) -> Evaluation:
        """The evaluation with its known metrics, failed if an objective is still missing."""
        if evaluation.status is not Status.COMPLETE:
            return replace(evaluation, metrics={})
        genome = self._genomes([self.ledger.records[number]])
        known = {name: float(column[0]) for name, column in self.problem.known(genome).items()}
        metrics = {**evaluation.metrics, **known}
        missing = [o.metric for o in self.problem.objectives if o.metric not in metrics]
        if missing:
            reason = f"its evaluation gave no metric {missing[0]!r}; it gave {', '.join(metrics)}"
            return replace(evaluation, status=Status.FAILED, metrics={}, reason=reason)
        return replace(evaluation, metrics=metrics)
