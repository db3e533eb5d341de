"""Run one search of one strategy on a table, until the budget is used."""

import inspect
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import noise_predictor
import numpy as np
import yaml
from benchmark_table import BenchmarkTable
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.strategy import Problem, Proposal, Strategy, View


@dataclass(frozen=True)
class Conditions:
    """The conditions of a search.

    Attributes:
        budget: number of evaluations.
        batch: number of proposals that are made at once.
        failing: share, in [0, 1), of the networks whose evaluation fails.
        noise_predictor: whether surrogates predict noise.
        noise: standard deviation of the first objective's results around their true values. The true values of what a
            search evaluated are measured.
        pending: number of proposals whose results are not there yet whenever a batch is proposed. The oldest results
            come first.
    """

    budget: int = 300
    batch: int = 5
    failing: float = 0.0
    noise_predictor: bool = False
    noise: float = 0.0
    pending: int = 0


@dataclass(frozen=True)
class Search:
    """The course of a search.

    Attributes:
        rows: (n,) rows of the table, in the order of evaluation.
        failed: (n,) whether each evaluation failed.
        proposals: the proposals that were evaluated.
        cpu_seconds: processor time of this process in proposing, in seconds.
    """

    rows: Integers
    failed: NDArray[np.bool_]
    proposals: Sequence[Proposal]
    cpu_seconds: float


def strategy_of(spec: str, problem: Problem, *, noise: bool) -> Strategy:
    """Make the strategy of ``NAME`` or ``NAME:key=value,...``, with values as in a config; raise InputError if
    unknown."""
    name, _, settings = spec.partition(":")
    made: Any = registry.load(registry.STRATEGIES, name)
    options = {}
    for setting in filter(None, settings.split(",")):
        key, sign, value = setting.partition("=")
        if not sign:
            raise InputError(f"strategy {spec!r}: write NAME:key=value,..., such as nsga2:population=40")
        options[key] = yaml.safe_load(value)
    if noise:
        options["predictor"] = noise_predictor.NAME
    known = list(inspect.signature(made).parameters)[1:]
    for key in options:
        if key not in known:
            raise InputError(f"strategy {spec!r} has no option {key!r}; it has {', '.join(known) or 'none'}")
    strategy: Strategy = made(problem, **options)
    return strategy


def fails(genomes: Integers, seed: int, share: float) -> NDArray[np.bool_]:
    """Return which (n,) of genomes (n, v) fail: a random share, the same whenever a genome is evaluated."""
    if share == 0:
        return np.zeros(len(genomes), dtype=bool)
    return np.array([np.random.default_rng([seed, *genome]).random() < share for genome in genomes.tolist()])


def observed(table: BenchmarkTable, rows: Integers, seed: int, noise: float) -> Floats:
    """Return the results (n,) of the first objective that a search sees, the same whenever a row is evaluated."""
    true = table.metrics[table.accuracy][rows]
    if noise == 0:
        return true
    draws = [np.random.default_rng([seed, 1, *genome]).normal() for genome in table.genomes[rows].tolist()]
    return true + noise * np.array(draws)


def search(table: BenchmarkTable, strategy: Strategy, seed: int, conditions: Conditions) -> Search:
    """Search as :class:`rnas.nas._loop.Loop` does; without ``pending`` results, a batch waits for the previous one."""
    genomes = np.empty((0, len(table.problem.space.variables)), dtype=np.int64)
    rows = np.empty(0, dtype=np.int64)
    failed = np.empty(0, dtype=bool)
    seen = np.empty(0)
    proposals: list[Proposal] = []
    spent = 0.0
    while len(rows) < conditions.budget:
        states = tuple(proposal.state for proposal in proposals)
        done = max(len(rows) - conditions.pending, 0)
        metrics = {
            **{name: np.where(failed, np.nan, values[rows]) for name, values in table.metrics.items()},
            table.accuracy: np.where(failed, np.nan, seen),
        }
        view = View(
            genomes=genomes[:done],
            metrics={name: values[:done] for name, values in metrics.items()},
            failed=failed[:done],
            pending=genomes[done:],
            states=states if any(states) else (),
            seed=seed,
        )
        started = time.process_time()
        with threadpool_limits(limits=1):
            proposed = strategy.propose(conditions.batch, view, np.random.default_rng([seed, len(rows)]))
        spent += time.process_time() - started
        if not proposed:
            break
        proposed = proposed[: conditions.budget - len(rows)]
        proposals += proposed
        new = np.stack([proposal.genome for proposal in proposed])
        genomes = np.concatenate([genomes, new])
        rows = np.concatenate([rows, table.rows(new)])
        seen = np.append(seen, observed(table, rows[len(seen) :], seed, conditions.noise))
        failed = np.concatenate([failed, fails(new, seed, conditions.failing)])
    return Search(rows, failed, proposals, spent)
