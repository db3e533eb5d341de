"""Optuna's samplers as a strategy: conformance, replay, kill and resume, and as strong as Optuna alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution

from rnas.errors import InputError
from rnas.nas.front import hypervolume, normalised
from rnas.nas.ledger import Ledger
from rnas.nas.objective import minimised
from rnas.nas.strategies._optuna_samplers import make_sampler, sampler_names
from rnas.nas.strategies.optuna_strategy import OptunaStrategy
from rnas.nas.strategy import Problem, Proposal, View
from rnas.testing.strategy import (
    ACCURACY,
    FLOPS,
    SMALL,
    StrategyConformance,
    evaluated,
    toy_metrics,
    toy_problem,
    toy_space,
    toy_view,
)
from rnas.utils import _sqlite as sqlite
from tests.rnas.nas.strategies.test_surrogate_nsga2 import RobBench, needs_table
from tests.rnas.nas.test_loop import EVALUATOR, OBJECTIVES, Interrupting, Shuffled, loop, without_seconds
from tests.rnas.nas.test_loop import problem as problem

NSGA2: Mapping[str, Any] = {"population_size": 8}


class TestNSGA2Conformance(StrategyConformance):
    def make(self, problem: Problem) -> OptunaStrategy:
        return OptunaStrategy(problem, "nsga2", NSGA2)


@pytest.mark.slow
class TestTPEConformance(StrategyConformance):
    before = 15

    def make(self, problem: Problem) -> OptunaStrategy:
        return OptunaStrategy(problem)


def searched(strategy: OptunaStrategy, problem: Problem, budget: int, batch: int = 4, seed: int = 0) -> list[Proposal]:
    """Proposals of a search on a toy problem, their states written and read as a ledger does."""
    proposals: list[Proposal] = []
    while len(proposals) < budget:
        genomes = np.array([p.genome for p in proposals], dtype=np.int64).reshape(-1, len(problem.space.variables))
        view = replace(evaluated(problem, genomes), states=tuple(p.state for p in proposals), seed=seed)
        new = strategy.propose(batch, view, np.random.default_rng([seed, len(proposals)]))
        proposals += [replace(p, state=json.loads(json.dumps(p.state))) for p in new]
    return proposals


@pytest.mark.parametrize("name", sampler_names())
@pytest.mark.parametrize("objectives", [[ACCURACY, FLOPS], [ACCURACY]], ids=["two", "one"])
def test_every_sampler_searches(name: str, objectives: Any) -> None:
    problem = toy_problem(toy_space(SMALL), objectives)
    proposals = searched(OptunaStrategy(problem, name), problem, 24)
    assert len({p.genome.tobytes() for p in proposals}) == 24


def test_generations_and_parents_outlive_the_sampler() -> None:
    problem = toy_problem(toy_space(SMALL))
    proposals = searched(OptunaStrategy(problem, "nsga2", NSGA2), problem, 48)
    states = [p.state for p in proposals]
    generations = [state["attributes"]["NSGAIISampler:generation"] for state in states]
    assert generations == sorted(generations)
    assert generations[-1] >= 3
    parents = {key: value for state in states for key, value in state.get("study", {}).items()}
    assert len(parents) == generations[-1]
    assert all(len(members) == NSGA2["population_size"] for members in parents.values())

    genomes = np.array([p.genome for p in proposals])
    view = replace(evaluated(problem, genomes), states=tuple(states))
    strategy = OptunaStrategy(problem, "nsga2", NSGA2)
    (next_,) = strategy.propose(1, view, np.random.default_rng(0))
    assert next_.state["attributes"]["NSGAIISampler:generation"] >= generations[-1]
    (forgetful,) = strategy.propose(1, evaluated(problem, genomes), np.random.default_rng(0))
    assert forgetful.state["attributes"]["NSGAIISampler:generation"] == 0


@pytest.mark.parametrize("seed", range(2))
def test_an_asynchronous_search_is_replayed_in_the_order_of_its_proposals(problem: Problem, seed: int) -> None:
    views: list[View] = []

    class Watching(OptunaStrategy):
        def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
            views.append(view)
            return super().propose(n, view, rng)

    strategy = Watching(problem, "nsga2", {"population_size": 6})
    ledger = Ledger.in_memory(OBJECTIVES)
    executor = Shuffled(EVALUATOR, seed, slots=8)
    loop(problem, ledger, strategy=strategy, asynchronous=True, batch_size=8, executor=executor).run(60)
    assert len(ledger) == 60
    generations = [record.state["attributes"]["NSGAIISampler:generation"] for record in ledger.records]
    assert generations == sorted(generations)
    assert generations[-1] >= 3
    assert any(list(view.numbers) != sorted(view.numbers) for view in views)


def test_repeats_are_kept_and_bounded() -> None:
    problem = toy_problem(toy_space(SMALL, narrow={"in-1": ["none"], "in-2": ["none"], "1-2": ["none"]}))
    everything = problem.space.enumeration
    assert everything is not None
    proposals = searched(OptunaStrategy(problem, "random"), problem, len(everything) - 2, batch=1)
    proposed: list[list[int]] = []
    for proposal in proposals:
        repeats = [np.array(repeat["genome"]) for repeat in proposal.state.get("repeats", ())]
        assert len(repeats) <= 10
        assert all(problem.space.canonical(genome[None])[0].tolist() in proposed for genome in repeats)
        proposed.append(proposal.genome.tolist())
    assert any(len(proposal.state.get("repeats", ())) > 2 for proposal in proposals)


def test_a_sampler_is_told_what_comes_of_its_own_spelling() -> None:
    """One that never suggests what was tried goes on to the next spelling, though the network may be the same."""
    problem = toy_problem(toy_space(SMALL, narrow={"in-2": ["none"], "1-2": ["none"]}))
    proposals = searched(OptunaStrategy(problem, "brute-force"), problem, 12)
    spelled = []
    for proposal in proposals:
        spelled += [repeat["genome"] for repeat in proposal.state.get("repeats", ())]
        told = proposal.state.get("told", proposal.genome.tolist())
        assert problem.space.canonical(np.array([told]))[0].tolist() == proposal.genome.tolist()
        spelled.append(told)
    assert len({tuple(told) for told in spelled}) == len(spelled) > 12
    assert any("told" in proposal.state for proposal in proposals)


def test_what_was_moved_into_the_bands_is_told_as_it_became() -> None:
    problem = toy_problem(toy_space(SMALL, flops=["40M", "60M"]))
    proposals = searched(OptunaStrategy(problem, "random"), problem, 30)
    told = np.array([proposal.state.get("told", proposal.genome) for proposal in proposals])
    flops = problem.space.cost(problem.space.canonical(told)).flops
    assert ((flops >= 40_000_000) & (flops <= 60_000_000)).all()


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_records_without_a_state_are_trials_too(name: str) -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 12, 2)
    some = replace(view, states=tuple({"attributes": {"mine": 1}} if n % 2 else {} for n in range(14)))
    for told in (view, some):
        assert len(OptunaStrategy(problem, name).propose(3, told, np.random.default_rng(0))) == 3
    with pytest.raises(ValueError, match="shorter"):
        OptunaStrategy(problem, name).propose(3, replace(view, states=({},)), np.random.default_rng(0))


def test_what_is_learnt_moves_it() -> None:
    problem = toy_problem(toy_space(SMALL), [ACCURACY])
    accuracy = toy_metrics(problem.space, np.array([p.genome for p in searched(OptunaStrategy(problem), problem, 60)]))
    assert accuracy["accuracy"][40:].mean() > accuracy["accuracy"][:10].mean() + 0.05


@pytest.mark.parametrize("options", [{}, {"scramble": True}])
def test_a_sequence_goes_on_over_batches(options: dict[str, Any]) -> None:
    problem = toy_problem(toy_space(SMALL))
    strategy = OptunaStrategy(problem, "qmc", options)
    whole, parts = (searched(strategy, problem, 16, batch) for batch in (16, 4))
    assert [p.genome.tolist() for p in whole] == [p.genome.tolist() for p in parts]


def test_values_that_are_no_numbers_are_failures() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 15, 0)
    infinite = np.where(np.arange(15) == 3, np.inf, view.metrics["accuracy"])
    odd = replace(view, metrics={**view.metrics, "accuracy": infinite})
    failed = View(view.genomes, view.metrics, np.arange(15) == 3, view.pending)
    proposals = [OptunaStrategy(problem).propose(3, told, np.random.default_rng(0)) for told in (odd, failed)]
    first, second = ([p.genome.tolist() for p in found] for found in proposals)
    assert first == second


def test_what_is_wrong_is_told_at_once() -> None:
    problem = toy_problem(toy_space(SMALL))
    with pytest.raises(InputError, match="strategy optuna: unknown sampler 'luck'"):
        OptunaStrategy(problem, "luck")
    with pytest.raises(InputError, match="strategy optuna: options: sampler tpe has no 'population'"):
        OptunaStrategy(problem, "tpe", {"population": 3})


@pytest.mark.parametrize(
    ("name", "options"),
    [("nsga2", {"population_size": 3}), pytest.param("tpe", {"n_startup_trials": 3}, marks=pytest.mark.slow)],
)
def test_interrupted_and_resumed_it_proposes_the_same(
    problem: Problem, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    strategy = OptunaStrategy(problem, name, options)

    def records(ledger: Ledger) -> list[Any]:
        return [*zip(without_seconds(ledger.records), (record.state for record in ledger.records), strict=True)]

    whole = Ledger.in_memory(OBJECTIVES)
    loop(problem, whole, strategy=strategy).run(14)
    for at in (3, 16, 25):
        path = tmp_path / f"{at}.db"
        with sqlite.created(path) as storage, pytest.raises(KeyboardInterrupt):
            loop(problem, Ledger(storage, OBJECTIVES), strategy=strategy, listener=Interrupting(at)).run(14)
        with sqlite.opened(path) as storage:
            ledger = Ledger(storage, OBJECTIVES)
            loop(problem, ledger, strategy=strategy).run(14)
            assert records(ledger) == records(whole)


def alone(bench: RobBench, name: str, options: Mapping[str, Any], budget: int, seed: int) -> np.ndarray[Any, Any]:
    """What Optuna's sampler evaluates without us, in batches of 5, repeats and all."""
    space, problem = bench.space, bench.problem
    study = optuna.create_study(
        directions=[objective.direction for objective in problem.objectives],
        sampler=make_sampler("test", name, options, 2, seed),
    )
    allowed = {v.name: CategoricalDistribution(range(len(v.choices))) for v in space.variables}
    genomes = []
    while len(genomes) < budget:
        for trial in [study.ask(allowed) for _ in range(5)]:
            genome = space.canonical(np.array([[trial.params[v.name] for v in space.variables]]))
            metrics = bench.metrics(genome)
            study.tell(trial, [float(metrics[objective.metric][0]) for objective in problem.objectives])
            genomes.append(genome[0])
    return np.array(genomes)


@needs_table
@pytest.mark.slow
def test_it_is_as_strong_as_optuna_alone() -> None:
    """With its cheapest sampler that learns; ``benchmarks/search`` has all of them."""
    bench, name, options = RobBench(), "nsga2", {"population_size": 20}

    def share(genomes: np.ndarray[Any, Any]) -> float:
        points = normalised(minimised(bench.metrics(genomes), bench.objectives), bench.nadir, bench.ideal)
        return hypervolume(points, np.array([1.0, 1.01])) / bench.full

    ours, theirs, budget = [], [], 120
    for seed in range(4):
        genomes, states = np.empty((0, 6), dtype=np.int64), ()
        while len(genomes) < budget:
            view = View(genomes, bench.metrics(genomes), np.zeros(len(genomes), dtype=bool), genomes[:0], states, seed)
            new = OptunaStrategy(bench.problem, name, options).propose(
                5, view, np.random.default_rng([seed, len(genomes)])
            )
            genomes = np.concatenate([genomes, [p.genome for p in new]])
            states += tuple(p.state for p in new)
        ours.append(share(genomes))
        theirs.append(share(alone(bench, name, options, budget, seed)))
    # Their standard errors are about 0.002.
    assert np.mean(ours) >= np.mean(theirs) - 0.002
