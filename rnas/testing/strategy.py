"""Test strategies for conformance: inherit the class in a test module and create the strategy."""

import dataclasses
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.nas.objective import Objective
from rnas.nas.space import SearchSpace
from rnas.nas.strategy import Columns, Problem, Proposal, Strategy, View

_spaces: dict[Any, SearchSpace] = {}

SMALL = "nas-bench-201"
LARGE = "robust-resnet"

ACCURACY = Objective(metric="accuracy", direction="maximize")
LATENCY = Objective(metric="latency", direction="minimize")
FLOPS = Objective(metric="flops", direction="minimize")
PARAMS = Objective(metric="params", direction="minimize")


class StrategyConformance:
    """Test what every strategy must do. A subclass overrides :meth:`make`.

    Attributes:
        before: number of evaluations in most tests; more than the strategy's first random ones.
        randomised: whether the generator and the view's seed change the first proposals.
    """

    before: int = 40
    randomised: bool = True

    def make(self, problem: Problem) -> Strategy:
        """Return the strategy on a problem."""
        raise NotImplementedError

    def test_proposals_are_new_and_inside_the_bands(self) -> None:
        """Test that proposals, from first to late batches, are canonical, differ, and are neither seen nor pending."""
        for name, bands in ((SMALL, {}), (SMALL, {"flops": ["40M", "90M"]}), (LARGE, {"flops": ["150M", "250M"]})):
            problem = toy_problem(toy_space(name, **bands))
            for n, seen, pending in ((5, 0, 0), (1, 3, 2), (8, self.before, 4)):
                view = toy_view(problem, seen, pending)
                proposed = self._proposed(problem, n, view)
                assert len(proposed) == n
                assert proposed.dtype == np.int64
                assert (problem.space.repair(proposed, np.random.default_rng(0)) == proposed).all()
                together = np.concatenate([view.genomes, view.pending, proposed])
                assert len(np.unique(together, axis=0)) == len(together)

    def test_proposals_depend_on_the_arguments_alone(self) -> None:
        """Test that earlier calls, the clock, other generators and other instances have no effect."""
        problem = toy_problem(toy_space(SMALL))
        view = toy_view(problem, self.before, 3)
        used = self.make(problem)
        used.propose(4, toy_view(problem, 10, 0), np.random.default_rng(1))
        proposed = []
        for day, strategy in enumerate((self.make(problem), used), 1):
            with _another_day(day):
                proposed.append(strategy.propose(4, view, np.random.default_rng(7)))
        first, second = proposed
        assert [tuple(p.genome) for p in first] == [tuple(p.genome) for p in second]
        assert [p.predictions for p in first] == [p.predictions for p in second]

    def test_the_generator_decides_a_randomised_strategy(self) -> None:
        """Test that another generator, or another seed of the view, gives other first proposals."""
        problem = toy_problem(toy_space(LARGE))
        view = toy_view(problem, 0, 0)
        first, second = (
            self.make(problem).propose(4, dataclasses.replace(view, seed=seed), np.random.default_rng(seed))
            for seed in (0, 1)
        )
        assert ([tuple(p.genome) for p in first] != [tuple(p.genome) for p in second]) == self.randomised

    def test_the_view_is_left_as_it_is(self) -> None:
        """Test that nothing is written into the view's arrays."""
        problem = toy_problem(toy_space(SMALL))
        view, same = toy_view(problem, self.before, 3), toy_view(problem, self.before, 3)
        self._proposed(problem, 4, view)
        assert (view.genomes == same.genomes).all()
        assert (view.pending == same.pending).all()
        assert all(np.array_equal(view.metrics[name], same.metrics[name]) for name in same.metrics)

    def test_a_used_up_space_ends_the_search(self) -> None:
        """Test that every genome of a small space is proposed once; then there are fewer, and then an empty batch."""
        narrow = {"in-1": ["none"], "in-2": ["skip_connect"], "1-2": ["none"], "in-out": ["none"]}
        problem = toy_problem(toy_space(SMALL, narrow=narrow))
        everything = problem.space.enumeration
        assert everything is not None
        seen = np.empty((0, len(problem.space.variables)), dtype=np.int64)
        while len(seen) < len(everything):
            proposed = self._proposed(problem, 4, evaluated(problem, seen))
            assert len(proposed) == min(4, len(everything) - len(seen))
            seen = np.concatenate([seen, proposed])
        assert {tuple(genome) for genome in seen} == {tuple(genome) for genome in everything}
        assert len(self._proposed(problem, 4, evaluated(problem, seen))) == 0

    def test_failures_are_no_numbers(self) -> None:
        """Test that the metrics of a failure have no effect, and that all evaluations may have failed."""
        problem = toy_problem(toy_space(SMALL))
        view = toy_view(problem, self.before, 0, failed=0.3)
        other = {name: np.where(view.failed, 1e9, column) for name, column in view.metrics.items()}
        lucky = View(view.genomes, other, view.failed, view.pending)
        assert (self._proposed(problem, 5, view) == self._proposed(problem, 5, lucky)).all()
        for share in (1.0, 0.95):
            assert len(self._proposed(problem, 5, toy_view(problem, self.before, 0, failed=share))) == 5

    def test_any_objectives_will_do(self) -> None:
        """Test objectives that are all known or all unknown, one or three of them, and some without a known range."""
        for objectives in (
            [FLOPS, PARAMS],
            [ACCURACY, LATENCY],
            [ACCURACY],
            [FLOPS],
            [ACCURACY, FLOPS, LATENCY],
            [FLOPS, PARAMS, ACCURACY],
        ):
            for bounded in (True, False):
                problem = toy_problem(toy_space(SMALL), objectives, bounded)
                assert len(self._proposed(problem, 3, toy_view(problem, self.before, 2))) == 3

    def test_predictions_are_of_objectives_that_are_not_known(self) -> None:
        """Test that predictions, if there are any, are finite numbers with a spread of at least 0."""
        problem = toy_problem(toy_space(SMALL), [ACCURACY, FLOPS, LATENCY])
        for proposal in self._proposals(problem, 4, toy_view(problem, self.before, 2)):
            assert proposal.predictions.keys() <= {ACCURACY.metric, LATENCY.metric}
            for prediction in proposal.predictions.values():
                assert np.isfinite([prediction.mean, prediction.std]).all()
                assert prediction.std >= 0

    def test_what_cannot_be_evaluated_is_not_proposed(self) -> None:
        """Test that genomes with a known metric that is NaN are not proposed."""
        for name in (SMALL, LARGE):
            whole = toy_problem(toy_space(name))
            partial = dataclasses.replace(whole, known=_without_the_first_choice(whole.known))
            view = toy_view(partial, 0, 0)
            for _ in range(4):
                proposed = self._proposed(partial, 8, view)
                assert len(proposed) == 8
                assert (proposed[:, 0] != 0).all()
                view = evaluated(partial, np.concatenate([view.genomes, proposed]))

    def _proposals(self, problem: Problem, n: int, view: View) -> list[Proposal]:
        return self.make(problem).propose(n, view, np.random.default_rng([0, len(view.genomes)]))

    def _proposed(self, problem: Problem, n: int, view: View) -> Integers:
        """Return the genomes (n, v) of the proposals."""
        genomes = [proposal.genome for proposal in self._proposals(problem, n, view)]
        return np.array(genomes, dtype=np.int64).reshape(len(genomes), len(problem.space.variables))


@contextmanager
def _another_day(day: int) -> Iterator[None]:
    """Set clocks some days ahead, and change the global random generators and other randomness of the machine."""
    clocks = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")}
    with pytest.MonkeyPatch.context() as patch:
        for name, clock in clocks.items():
            patch.setattr(time, name, lambda clock=clock: clock() + 86_400 * day)
            nanoseconds = getattr(time, f"{name}_ns")
            patch.setattr(time, f"{name}_ns", lambda clock=nanoseconds: clock() + 86_400 * 10**9 * day)
        patch.setattr(os, "urandom", lambda size: bytes([day]) * size)
        random.seed(day)
        np.random.seed(day)  # noqa: NPY002
        torch.manual_seed(day)
        yield


def toy_space(name: str, **settings: Any) -> SearchSpace:
    """Return a registered space for images of 3x32x32 and 10 classes, with settings in the form of a config.

    It is the same object for the same settings, since a space finds its range of costs only once.
    """
    cls = registry.load(registry.SEARCH_SPACES, name)
    key = cls, repr(settings)
    if key not in _spaces:
        _spaces[key] = cls(cls.Settings(**settings), (3, 32, 32), 10)
    return _spaces[key]


def toy_metrics(space: SearchSpace, genomes: Integers) -> dict[str, Floats]:
    """Return accuracy in [0, 1] and latency above 0 of genomes (n, v): smooth, and in conflict with FLOPs."""
    features = space.features(genomes)
    weights = np.random.default_rng(0).normal(size=(2, features.shape[1]))
    flops = np.log(space.cost(genomes).flops.astype(np.float64))
    accuracy = 1 / (1 + np.exp(-0.5 * (features @ weights[0]) - 0.3 * (flops - 18.0)))
    return {"accuracy": accuracy, "latency": np.exp(0.3 * (features @ weights[1]))}


def toy_problem(
    space: SearchSpace, objectives: Sequence[Objective] = (ACCURACY, FLOPS), bounded: bool = True
) -> Problem:
    """Return a problem with the metrics of :func:`toy_metrics`; without ``bounded`` both corners of its box are NaN."""

    def known(genomes: Integers) -> Columns:
        costs = space.cost(genomes)
        return {"flops": costs.flops.astype(np.float64), "params": costs.params.astype(np.float64)}

    worst = {"accuracy": 0.0, "latency": 10.0, "flops": 1.01 * space.flops_range[1], "params": 1e8}
    best = {"accuracy": 1.0, "latency": 0.0, "flops": float(space.flops_range[0]), "params": 0.0}
    corners = [[o.sign * ends[o.metric] if bounded else np.nan for o in objectives] for ends in (worst, best)]
    return Problem(space, tuple(objectives), known, np.array(corners[0]), np.array(corners[1]))


def toy_view(problem: Problem, seen: int, pending: int, failed: float = 0.0) -> View:
    """Return a view of results and pending proposals, with a share of failures."""
    rng = np.random.default_rng(1)
    genomes = problem.space.sample(3 * (seen + pending) + 1, rng)
    _, first = np.unique(genomes, axis=0, return_index=True)
    genomes = genomes[np.sort(first)][: seen + pending]
    view = evaluated(problem, genomes[:seen])
    broken = np.arange(seen) < round(failed * seen)
    metrics = {name: np.where(broken, np.nan, column) for name, column in view.metrics.items()}
    return View(view.genomes, metrics, broken, genomes[seen:])


def _without_the_first_choice(known: Callable[[Integers], Columns]) -> Callable[[Integers], Columns]:
    """Return known metrics that are NaN where the first variable is at its first choice."""

    def partly_known(genomes: Integers) -> Columns:
        missing = genomes[:, 0] == 0
        return {name: np.where(missing, np.nan, column) for name, column in known(genomes).items()}

    return partly_known


def evaluated(problem: Problem, genomes: Integers) -> View:
    """Return a view in which these genomes (n, v) are complete and nothing is pending."""
    metrics = {**toy_metrics(problem.space, genomes), **problem.known(genomes)}
    return View(genomes, metrics, np.zeros(len(genomes), dtype=bool), genomes[:0])
