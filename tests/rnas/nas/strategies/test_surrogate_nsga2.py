"""The default strategy: conformance, options, long ledgers, and what it is for: fewer evaluations.

How much fewer is measured by ``benchmarks/search``, in longer searches from more seeds.
"""

import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kendalltau

from rnas import registry
from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.evaluators.table import Table, TableSettings
from rnas.nas.front import hypervolume, hypervolume_history, normalised
from rnas.nas.objective import Objective, minimised
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.strategies import surrogate
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategies.surrogate import Surrogate
from rnas.nas.strategies.surrogate_nsga2 import SurrogateNSGA2
from rnas.nas.strategy import Problem, Proposal, Strategy, View
from rnas.testing.strategy import (
    ACCURACY,
    LARGE,
    SMALL,
    StrategyConformance,
    evaluated,
    toy_metrics,
    toy_problem,
    toy_space,
    toy_view,
)

TABLE = Path(os.environ.get("RNAS_TEST_DATA", "")) / "nas_robbench_201_cifar10.csv.gz"
needs_table = pytest.mark.skipif(
    not TABLE.is_file(), reason="RNAS_TEST_DATA names no folder with nas_robbench_201_cifar10.csv.gz"
)


class TestConformance(StrategyConformance):
    def make(self, problem: Problem) -> SurrogateNSGA2:
        return SurrogateNSGA2(problem, generations=4, population=40)


@pytest.mark.parametrize(
    "options",
    [
        {"initial": 1},
        {"exploration": 1.5},
        {"population": 2},
        {"generations": 0},
        {"predictor": "no-such-predictor"},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        SurrogateNSGA2(toy_problem(toy_space(SMALL)), **options)


def test_predictions_accompany_every_proposal_after_the_initial_design() -> None:
    problem = toy_problem(toy_space(SMALL))
    strategy = SurrogateNSGA2(problem, initial=10, exploration=0.5)
    first = strategy.propose(5, toy_view(problem, 4, 3), np.random.default_rng(0))
    later = strategy.propose(8, toy_view(problem, 30, 0), np.random.default_rng(0))
    assert all(not proposal.predictions for proposal in first)
    assert all(set(proposal.predictions) == {ACCURACY.metric} for proposal in later)


def test_predictions_of_what_is_chosen_are_wider_than_those_of_any_network() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 30, 0)
    proposals = SurrogateNSGA2(problem).propose(4, view, np.random.default_rng(0))
    any_network = Surrogate(problem, view, GaussianProcess).predictions(np.stack([p.genome for p in proposals]))
    for proposal, prediction in zip(proposals, any_network, strict=True):
        assert proposal.predictions["accuracy"].mean == prediction["accuracy"].mean
        assert proposal.predictions["accuracy"].std == 1.15 * prediction["accuracy"].std


def test_predictions_are_in_the_metric_s_own_units() -> None:
    problem = toy_problem(toy_space(SMALL))
    proposals = SurrogateNSGA2(problem).propose(20, toy_view(problem, 80, 0), np.random.default_rng(0))
    truth = evaluated(problem, np.stack([p.genome for p in proposals])).metrics["accuracy"]
    mean = np.array([p.predictions["accuracy"].mean for p in proposals])
    std = np.array([p.predictions["accuracy"].std for p in proposals])
    assert np.abs(mean - truth).mean() < 0.5 * truth.std()
    assert 0 < std.max() < 0.5


def test_known_objectives_need_no_surrogate() -> None:
    """All known, a small space: the batch is the true front's best."""
    objectives = [Objective(metric="flops", direction="minimize"), Objective(metric="params", direction="maximize")]
    problem = toy_problem(toy_space(SMALL), objectives)
    view = toy_view(problem, 20, 0)
    proposals = SurrogateNSGA2(problem, exploration=0).propose(5, view, np.random.default_rng(0))
    everything = problem.space.enumeration
    assert everything is not None
    points = minimised(problem.known(everything), problem.objectives)
    chosen = minimised(problem.known(np.stack([p.genome for p in proposals])), problem.objectives)
    for point in chosen:
        assert not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()


def test_pending_proposals_count_as_if_they_came_out_as_predicted() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 40, 0)
    strategy = SurrogateNSGA2(problem, exploration=0)
    first = np.stack([p.genome for p in strategy.propose(5, view, np.random.default_rng(0))])
    waiting = View(view.genomes, view.metrics, view.failed, first)
    second = np.stack([p.genome for p in strategy.propose(5, waiting, np.random.default_rng(0))])
    assert len(np.unique(np.concatenate([first, second]), axis=0)) == 10


def test_where_nothing_can_be_learnt_it_explores() -> None:
    """A surrogate of noise would send the whole batch to a few costs."""
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 60, 0)
    noise = np.random.default_rng(4).permutation(view.metrics["accuracy"])
    noisy = View(view.genomes, {**view.metrics, "accuracy": noise}, view.failed, view.pending)
    strata = []
    for seen in (view, noisy):
        proposals = SurrogateNSGA2(problem).propose(30, seen, np.random.default_rng(0))
        flops = np.log(problem.known(np.stack([p.genome for p in proposals]))["flops"])
        low, high = np.log(problem.space.flops_range)
        strata.append(len(set(((flops - low) / (high - low) * 29.999).astype(int))))
    assert strata[1] > strata[0]


@pytest.mark.parametrize("name", [SMALL, LARGE])
def test_a_long_ledger_is_fitted_in_part(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = 100
    monkeypatch.setattr(surrogate, "FITTED", fitted)
    problem = toy_problem(toy_space(name))
    view = toy_view(problem, fitted + 100, 3)
    proposals = SurrogateNSGA2(problem, generations=4, population=40).propose(8, view, np.random.default_rng(0))
    genomes = np.concatenate([view.genomes, view.pending, [proposal.genome for proposal in proposals]])
    assert len(np.unique(genomes, axis=0)) == fitted + 111


def test_batches_are_diverse_in_cost() -> None:
    """Ever new costs, in the initial design and after it, and no network twice."""
    for name in (SMALL, LARGE):
        problem = toy_problem(toy_space(name))
        for seen in (0, 40):
            proposals = SurrogateNSGA2(problem, generations=8).propose(
                8, toy_view(problem, seen, 0), np.random.default_rng(0)
            )
            flops = np.log(problem.known(np.stack([p.genome for p in proposals]))["flops"])
            low, high = np.log(problem.space.flops_range)
            assert len(set(flops)) >= 5
            assert np.ptp(flops) > 0.2 * (high - low)


def test_it_beats_random_search_in_a_large_space() -> None:
    problem = toy_problem(toy_space(LARGE))
    learnt = toy_volume(problem, SurrogateNSGA2(problem, generations=8, population=50), 36)
    assert learnt > toy_volume(problem, RandomSearch(problem), 180, batch=36)


def toy_volume(problem: Problem, strategy: Strategy, budget: int, batch: int = 6) -> float:
    view = toy_view(problem, 0, 0)
    while len(view.genomes) < budget:
        proposals = strategy.propose(batch, view, np.random.default_rng([5, len(view.genomes)]))
        view = evaluated(problem, np.concatenate([view.genomes, [p.genome for p in proposals]]))
    points = minimised(view.metrics, problem.objectives)
    return hypervolume(normalised(points, problem.reference, problem.ideal), np.ones(2))


class RobBench:
    """NAS-RobBench-201: hypervolume as a share of the true front's.

    Error from 0.10 to the best accuracy and FLOPs over the table's range go from 0 to 1; the reference is (1, 1.01).
    """

    objectives = (Objective(metric="pgd_8", direction="maximize"), Objective(metric="flops_m", direction="minimize"))

    def __init__(self) -> None:
        self.space = toy_space(SMALL)
        self.table = Table(TableSettings(table=TABLE, architecture="cell"), self.space)
        self.problem = problem_of(self.space, self.table, self.objectives)
        everything = self.space.enumeration
        assert everything is not None
        points = minimised(self.metrics(everything), self.objectives)
        self.ideal, self.nadir = points.min(axis=0), np.array([-0.10, points[:, 1].max()])
        self.full = hypervolume(normalised(points, self.nadir, self.ideal), np.array([1.0, 1.01]))

    def metrics(self, genomes: Integers) -> dict[str, NDArray[np.float64]]:
        rows = [self.table.evaluate(Task(self.space.decode(g), 0), Context()).metrics for g in genomes]
        return {o.metric: np.array([row[o.metric] for row in rows]) for o in self.objectives}

    def search(self, strategy: Strategy, budget: int, seed: int, failing: float = 0.0) -> tuple[View, list[Proposal]]:
        """What a search in batches of 5 sees in the end, and its proposals; a share of evaluations fails at random."""
        fails = np.random.default_rng([seed, budget]).random(budget) < failing
        proposals: list[Proposal] = []
        view = self.view(proposals, fails)
        while len(proposals) < budget:
            proposals += strategy.propose(5, view, np.random.default_rng([seed, len(proposals)]))
            view = self.view(proposals, fails)
        return view, proposals

    def view(self, proposals: Sequence[Proposal], fails: NDArray[np.bool_]) -> View:
        genomes = np.array([p.genome for p in proposals], dtype=np.int64).reshape(-1, 6)
        failed = fails[: len(genomes)]
        metrics = {name: np.where(failed, np.nan, column) for name, column in self.metrics(genomes).items()}
        return View(genomes, metrics, failed, genomes[:0])

    def deficits(self, strategy: Strategy, budget: int, seed: int, failing: float = 0.0) -> NDArray[np.float64]:
        """1 - share (budget,) after each evaluation of such a search."""
        view, _ = self.search(strategy, budget, seed, failing)
        points = normalised(minimised(view.metrics, self.objectives), self.nadir, self.ideal)
        return 1 - hypervolume_history(points, np.array([1.0, 1.01])) / self.full


@needs_table
def test_on_a_real_table_it_leads_after_sixty_evaluations() -> None:
    bench = RobBench()
    learnt = [bench.deficits(SurrogateNSGA2(bench.problem), 60, seed)[-1] for seed in range(2)]
    drawn = [bench.deficits(RandomSearch(bench.problem), 60, seed)[-1] for seed in range(5)]
    assert np.mean(learnt) < 0.8 * np.mean(drawn)


class Noise:
    """A predictor that knows nothing and says so with confidence: means at random, over the range of the results."""

    def fit(self, features: NDArray[np.float64], target: NDArray[np.float64]) -> Self:
        self._low, self._high = target.min(), target.max()
        self._seed = len(target)
        return self

    def predict(self, features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = np.random.default_rng(self._seed).uniform(self._low, self._high, len(features))
        return mean, np.full(len(features), 0.01)


@needs_table
@pytest.mark.slow
def test_a_predictor_of_noise_is_no_worse_than_random_search(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = RobBench()
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda group, name: Noise if name == "noise" else load(group, name))
    misled = [bench.deficits(SurrogateNSGA2(bench.problem, predictor="noise"), 60, seed)[-1] for seed in range(3)]
    drawn = [bench.deficits(RandomSearch(bench.problem), 60, seed)[-1] for seed in range(3)]
    error = np.std(np.array(misled) - drawn, ddof=1) / np.sqrt(3)
    assert np.mean(misled) <= np.mean(drawn) + error


@needs_table
@pytest.mark.slow
def test_failures_cost_no_more_than_their_number() -> None:
    """A fifth of 75 evaluations fails: at most as far behind as 60 that all succeed, within the spread of seeds."""
    bench = RobBench()
    clean = np.array([bench.deficits(SurrogateNSGA2(bench.problem), 60, seed)[-1] for seed in range(3)])
    failing = [bench.deficits(SurrogateNSGA2(bench.problem), 75, seed, failing=0.2)[-1] for seed in range(3)]
    assert np.mean(failing) <= clean.mean() + clean.std(ddof=1)


@needs_table
@pytest.mark.slow
def test_predictions_come_true() -> None:
    """Predictions that precede their results: in order, and covered by their intervals."""
    bench = RobBench()
    view, proposals = bench.search(SurrogateNSGA2(bench.problem), 120, 0)
    mean, std = np.array([[p.predictions["pgd_8"].mean, p.predictions["pgd_8"].std] for p in proposals[60:]]).T
    truth = view.metrics["pgd_8"][60:]
    assert kendalltau(mean, truth).statistic >= 0.65
    assert 0.80 <= np.mean(np.abs(mean - truth) <= 1.645 * std) <= 0.97


SPACE = cache(lambda: toy_space(SMALL))


def oracle(architecture: Any, input_shape: Any, num_classes: int, images: Any, seed: int) -> float:
    """A proxy that knows how good networks are, such as none is."""
    return float(toy_metrics(SPACE(), SPACE().encode(architecture)[None])["accuracy"][0])


def blind(architecture: Any, input_shape: Any, num_classes: int, images: Any, seed: int) -> float:
    """A proxy that knows nothing."""
    return float(np.random.default_rng(SPACE().encode(architecture)).normal())


@pytest.fixture
def own_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("oracle", "blind"):
        entry = EntryPoint(name, f"{__name__}:{name}", registry.PROXIES)
        monkeypatch.setitem(registry._group(registry.PROXIES), name, (entry,))


def agreement(proxies: Sequence[str], seen: int = 20) -> float:
    """Tau of what is predicted of proposals with what comes of them."""
    problem = toy_problem(SPACE())
    proposals = SurrogateNSGA2(problem, proxies=proxies, exploration=1.0).propose(
        60, toy_view(problem, seen, 0), np.random.default_rng(0)
    )
    truth = evaluated(problem, np.stack([p.genome for p in proposals])).metrics["accuracy"]
    return float(kendalltau([p.predictions["accuracy"].mean for p in proposals], truth).statistic)


@pytest.mark.usefixtures("own_proxies")
def test_a_proxy_that_predicts_is_used() -> None:
    assert agreement(["oracle"]) > agreement([]) + 0.1


@pytest.mark.usefixtures("own_proxies")
def test_a_proxy_that_says_nothing_does_no_harm() -> None:
    assert agreement(["blind"], seen=60) >= agreement([], seen=60) - 0.03


@pytest.mark.parametrize("proxies", ["naswot", [1], ["no-such"], 3])
def test_proxies_are_a_list_of_names(proxies: Any) -> None:
    with pytest.raises(InputError, match=r"proxies|no-such"):
        SurrogateNSGA2(toy_problem(toy_space(SMALL)), proxies=proxies)


@pytest.mark.slow
def test_a_search_with_a_real_proxy_goes_on_as_if_it_had_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnas.nas.strategies.surrogate_nsga2.SHORTLIST", 30)
    cls = registry.load(registry.SEARCH_SPACES, "digits-bench")
    space = cls(cls.Settings(), (1, 8, 8), 10)
    problem = toy_problem(space)
    view = toy_view(problem, 30, 5)
    once = SurrogateNSGA2(problem, proxies=["naswot", "synflow"])
    once.propose(3, toy_view(problem, 20, 0), np.random.default_rng(1))
    first = once.propose(4, view, np.random.default_rng(0))
    again = SurrogateNSGA2(problem, proxies=["naswot", "synflow"]).propose(4, view, np.random.default_rng(0))
    assert [(tuple(p.genome), p.predictions) for p in first] == [(tuple(p.genome), p.predictions) for p in again]
