"""BoTorch as a strategy: conformance, exact costs, pending proposals, and what it finds."""

import dataclasses
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("botorch")

from rnas.errors import InputError
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.strategies import botorch_strategy
from rnas.nas.strategies.botorch_strategy import BoTorch
from rnas.nas.strategy import Problem
from rnas.testing.strategy import (
    ACCURACY,
    FLOPS,
    LARGE,
    LATENCY,
    PARAMS,
    SMALL,
    StrategyConformance,
    evaluated,
    toy_problem,
    toy_space,
    toy_view,
)


@pytest.fixture
def short_climbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search for the best genome take two steps, where it does not matter how good that is."""
    monkeypatch.setattr(botorch_strategy, "_STEPS", 2)


@pytest.mark.slow
class TestConformance(StrategyConformance):
    before = 28

    @pytest.fixture(autouse=True)
    def _short_climbs(self, short_climbs: None) -> None:
        pass

    def make(self, problem: Problem) -> BoTorch:
        return BoTorch(problem, initial=26, samples=8, pool=8)


def genomes(problem: Problem, view: Any, n: int = 2, seed: int = 0, **options: Any) -> np.ndarray[Any, Any]:
    strategy = BoTorch(problem, **{"initial": 6, "samples": 8, "pool": 16, **options})
    return np.array([proposal.genome for proposal in strategy.propose(n, view, np.random.default_rng(seed))])


@pytest.mark.parametrize(
    ("space", "objectives"),
    [(SMALL, [ACCURACY, FLOPS]), (LARGE, [ACCURACY, LATENCY]), ("wide-resnet-depths", [ACCURACY])],
    ids=["categorical", "mixed-and-nothing-known", "ordered-and-one-objective"],
)
@pytest.mark.usefixtures("short_climbs")
def test_it_proposes_new_genomes_by_its_arguments_alone(space: str, objectives: Any) -> None:
    problem = toy_problem(toy_space(space), objectives)
    view = toy_view(problem, 12, 2, failed=0.2)
    other = {name: np.where(view.failed, 1e9, column) for name, column in view.metrics.items()}
    first, second = genomes(problem, view), genomes(problem, dataclasses.replace(view, metrics=other))
    assert (first == second).all()
    assert len(np.unique(np.concatenate([view.genomes, view.pending, first]), axis=0)) == 16


def test_pending_proposals_are_taken_into_account() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 20, 0)
    [first] = genomes(problem, view, 1)
    [second] = genomes(problem, dataclasses.replace(view, pending=first[None]), 1)
    assert (second != first).any()


def test_what_it_proposes_is_better_than_the_front() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 30, 0)
    before = minimised(view.metrics, problem.objectives)
    found = genomes(problem, view, 4, pool=64)
    after = minimised(evaluated(problem, found).metrics, problem.objectives)
    best = non_dominated(np.concatenate([before, after]))
    assert (best >= len(before)).sum() >= 2


def test_predictions_are_in_the_metric_s_own_units() -> None:
    problem = toy_problem(toy_space(SMALL), [ACCURACY, FLOPS], bounded=False)
    view = toy_view(problem, 40, 0)
    proposals = BoTorch(problem, samples=8, pool=16).propose(4, view, np.random.default_rng(0))
    truth = evaluated(problem, np.array([p.genome for p in proposals])).metrics["accuracy"]
    mean, std = np.array([[p.predictions["accuracy"].mean, p.predictions["accuracy"].std] for p in proposals]).T
    assert np.abs(mean - truth).mean() < view.metrics["accuracy"].std()
    assert (std > 0).all()


def test_known_objectives_need_no_model() -> None:
    problem = toy_problem(toy_space(SMALL), [FLOPS, PARAMS])
    everything = problem.space.enumeration
    assert everything is not None
    proposals = BoTorch(problem, initial=6).propose(2, toy_view(problem, 12, 0), np.random.default_rng(0))
    assert all(not proposal.predictions for proposal in proposals)
    assert min(problem.known(everything)["flops"]) in problem.known(np.array([p.genome for p in proposals]))["flops"]


def test_without_botorch_one_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['botorch'] = None\n"
        "from rnas import registry\n"
        "try: registry.load(registry.STRATEGIES, 'botorch')\n"
        "except Exception as error: print(f'{type(error).__name__}: {error}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "InputError: botorch is not installed: pip install 'rnas[botorch]'\n"


@pytest.mark.parametrize("options", [{"initial": 1}, {"samples": 0}, {"pool": 2.5}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"strategy botorch: {next(iter(options))}"):
        BoTorch(toy_problem(toy_space(SMALL)), **options)
