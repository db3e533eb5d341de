"""Make what a strategy sees of a growing ledger, and read each record of it only twice.

A ledger of 20,000 records gets a new one, and a new result, between two proposals of an asynchronous search. The
columns of all records are kept here, and a view is cut out of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategy import Problem, Results, View
from rnas.networks.architecture import Architecture

_FIRST_SIZE = 256


class Views:
    """Keep the columns of the records of a ledger, and cut views out of them.

    Rows are numbers of records. Every array and set that is handed out is a copy.

    Args:
        ledger: the ledger, which others write.
        problem: problem that is searched.
        rungs: number of rungs.

    Attributes:
        counts: number of proposals at each rung.
    """

    def __init__(self, ledger: Ledger, problem: Problem, rungs: int) -> None:
        self.counts = [0] * rungs
        self._ledger = ledger
        self._problem = problem
        self._size = self._ended = self._first_open = 0
        self._genomes = np.empty((_FIRST_SIZE, len(problem.space.variables)), dtype=np.int64)
        self._batches, self._rungs, self._kinds = (np.empty(_FIRST_SIZE, dtype=np.int64) for _ in range(3))
        self._done, self._complete = (np.zeros(_FIRST_SIZE, dtype=bool) for _ in range(2))
        self._columns: dict[str, Floats] = {}
        self._kind_of: dict[tuple[str, ...], int] = {}
        self._encoded: dict[str, Integers] = {}
        self._keys: list[set[str]] = [set() for _ in range(rungs)]
        self._tried: set[bytes] = set()
        self._states: list[Mapping[str, Any]] = []
        self._stateful = False

    def refresh(self) -> None:
        """Read the records and results that are new."""
        for number in range(self._size, len(self._ledger)):
            self._add(self._ledger[number])
        ended = self._ledger.ended
        for number in ended[self._ended :]:
            self._end(self._ledger[number])
        self._ended = len(ended)
        while self._first_open < self._size and self._done[self._first_open]:
            self._first_open += 1

    def __len__(self) -> int:
        return self._size

    @property
    def num_open(self) -> int:
        """Return the number of records without a result."""
        return self._size - self._ended

    @property
    def first_open_batch(self) -> float:
        """Return the earliest batch that has a record without a result; infinite if there is none."""
        return float("inf") if self._first_open == self._size else float(self._batches[self._first_open])

    def before_batch(self, batch: int) -> int:
        """Return the number of records in earlier batches than this one: they are the first."""
        return int(np.searchsorted(self._batches[: self._size], batch))

    def split(self) -> tuple[Integers, Integers]:
        """Return the rows with a result, and those without."""
        done = self._done[: self._size]
        return np.flatnonzero(done), np.flatnonzero(~done)

    def at(self, rung: int, rows: Integers) -> Integers:
        """Return those of some rows that are evaluated at a rung."""
        here: Integers = rows[self._rungs[rows] == rung]
        return here

    def complete(self, rows: Integers) -> Integers:
        """Return those of some rows that have metrics."""
        having: Integers = rows[self._complete[rows]]
        return having

    def of_batch(self, batch: int, rows: Integers) -> Integers:
        """Return the positions among some rows of those of a batch."""
        return np.flatnonzero(self._batches[rows] == batch)

    def keys_at(self, rung: int) -> set[str]:
        """Return the keys of all architectures that were proposed at a rung. This is no copy."""
        return self._keys[rung]

    def genome_of(self, key: str, architecture: Architecture) -> Integers:
        """Return the genome (v,) of an architecture that has this key, encoded once. This is no copy."""
        if key not in self._encoded:
            self._encoded[key] = self._problem.space.encode(architecture)
        return self._encoded[key]

    def genomes(self, rows: Integers) -> Integers:
        """Return the genomes (n, v) of some rows."""
        chosen: Integers = self._genomes[rows]
        return chosen

    def results(self, rows: Integers) -> Results:
        """Return some rows as results."""
        names = dict.fromkeys(objective.metric for objective in self._problem.objectives)
        kinds, first = np.unique(self._kinds[rows], return_index=True)
        known = list(self._kind_of)
        for kind in kinds[np.argsort(first)]:
            names |= dict.fromkeys(known[kind])
        return Results(
            genomes=self.genomes(rows),
            metrics={
                name: self._columns[name][rows] if name in self._columns else np.full(len(rows), np.nan)
                for name in names
            },
            failed=~self._complete[rows],
        )

    def view(self, seen: Integers, pending: Integers, seed: int, promote: float | None) -> View:
        """Return the view of a strategy.

        Args:
            seen: rows whose results it sees, in ascending order.
            pending: rows that count as pending, in ascending order.
            seed: seed of the search.
            promote: share of a rung that is promoted in an asynchronous search, or None.
        """
        observed, waiting = self.at(0, seen), self.at(0, pending)
        numbers = tuple(np.concatenate([observed, waiting]).tolist())
        results, pending_genomes = self.results(observed), self.genomes(waiting)
        everything = len(seen) + len(pending) == self._size
        states = tuple(self._states[number] for number in numbers) if self._stateful else ()
        return View(
            genomes=results.genomes,
            metrics=results.metrics,
            failed=results.failed,
            pending=pending_genomes,
            states=states if any(states) else (),
            seed=seed,
            promoted=tuple(self.results(self.at(rung, seen)) for rung in range(1, len(self.counts))),
            numbers=numbers,
            promote=promote,
            tried=frozenset(self._tried) if everything else None,
        )

    def _add(self, record: Record) -> None:
        row = self._size
        if row == len(self._done):
            self._grow()
        self._genomes[row] = self.genome_of(record.key, record.architecture)
        self._batches[row], self._rungs[row] = record.batch, record.rung
        self._kinds[row] = self._kind(())
        self.counts[record.rung] += 1
        self._keys[record.rung].add(record.key)
        if record.rung == 0:
            self._tried.update(genome_keys(self._genomes[row : row + 1]))
        self._states.append(record.state)
        self._stateful |= bool(record.state)
        self._size += 1

    def _end(self, record: Record) -> None:
        row = record.number
        self._done[row], self._complete[row] = True, record.complete
        self._kinds[row] = self._kind(tuple(record.metrics))
        for name, value in record.metrics.items():
            if name not in self._columns:
                self._columns[name] = np.full(len(self._done), np.nan)
            self._columns[name][row] = value

    def _kind(self, names: Sequence[str]) -> int:
        """Return the number of the group of records that have metrics of these names, in this order."""
        return self._kind_of.setdefault(tuple(names), len(self._kind_of))

    def _grow(self) -> None:
        """Double the room of every column."""
        self._genomes = np.concatenate([self._genomes, np.empty_like(self._genomes)])
        self._batches, self._rungs, self._kinds = (
            np.concatenate([column, np.empty_like(column)]) for column in (self._batches, self._rungs, self._kinds)
        )
        self._done, self._complete = (
            np.concatenate([column, np.zeros_like(column)]) for column in (self._done, self._complete)
        )
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, np.full(len(column), np.nan)])
