"""SMAC3 as a strategy: conformance, determinism, and what it learns."""

import dataclasses
import logging
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("smac")

from smac import HyperparameterOptimizationFacade as Facade

from rnas.errors import InputError
from rnas.nas.strategies.smac_strategy import SMAC
from rnas.nas.strategy import Problem
from rnas.testing.strategy import (
    ACCURACY,
    FLOPS,
    LARGE,
    SMALL,
    StrategyConformance,
    toy_metrics,
    toy_problem,
    toy_space,
    toy_view,
)

MAXIMIZER = Facade.get_acquisition_maximizer
FEW = {"challengers": 20, "local_search_iterations": 2}


@pytest.mark.slow
class TestConformance(StrategyConformance):
    before = 16

    @pytest.fixture(autouse=True)
    def _few_candidates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let SMAC3 look at few genomes for each suggestion: which one is the best is its own matter."""
        monkeypatch.setattr(Facade, "get_acquisition_maximizer", staticmethod(partial(MAXIMIZER, **FEW)))

    def make(self, problem: Problem) -> SMAC:
        return SMAC(problem, initial=14)


@pytest.mark.parametrize(
    ("space", "objectives"),
    [(SMALL, [ACCURACY, FLOPS]), ("wide-resnet-depths", [ACCURACY])],
    ids=["categorical-by-parego", "ordered-and-one-objective"],
)
def test_it_proposes_new_genomes_by_its_arguments_alone(space: str, objectives: Any) -> None:
    problem = toy_problem(toy_space(space), objectives)
    view = toy_view(problem, 12, 2, failed=0.2)
    other = {name: np.where(view.failed, 1e9, column) for name, column in view.metrics.items()}
    level = logging.getLogger("smac").level
    first, second = (
        np.array([p.genome for p in SMAC(problem).propose(2, told, np.random.default_rng(0))])
        for told in (view, dataclasses.replace(view, metrics=other))
    )
    assert (first == second).all()
    assert len(np.unique(np.concatenate([view.genomes, view.pending, first]), axis=0)) == 16
    assert logging.getLogger("smac").level == level


def test_what_it_suggests_follows_the_results() -> None:
    problem = toy_problem(toy_space(SMALL), [ACCURACY])
    view = toy_view(problem, 60, 0)
    accuracy = view.metrics["accuracy"]
    proposals = SMAC(problem).propose(6, view, np.random.default_rng(0))
    found = toy_metrics(problem.space, np.array([p.genome for p in proposals]))["accuracy"]
    assert np.median(found) > np.quantile(accuracy, 0.75)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(InputError, match="strategy smac: initial"):
        SMAC(toy_problem(toy_space(LARGE)), initial=0)
