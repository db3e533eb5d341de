"""Functions of a user's own as metrics, and the settings of what is measured."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from rnas.errors import InputError
from rnas.nas._problem import problem_of
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.costs import CostSettings, KnownCosts, with_first_measured
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.objective import Objective
from rnas.nas.strategies._candidates import possible
from rnas.networks.architecture import Architecture, Shape
from rnas.testing.strategy import toy_space
from search_spaces.digits_bench_table import DigitsBenchTable, DigitsBenchTableSettings
from tests.rnas.nas.test_loop import EVALUATOR, OBJECTIVES

HERE = "tests.rnas.nas.evaluators.test_costs"


def thousands(architecture: Architecture, input_shape: Shape) -> float:
    return architecture.cost(input_shape, 10).params / 1e3


def broken(architecture: Architecture, input_shape: Shape) -> float:
    raise RuntimeError("no table of energies")


def settings(call: str, **changes: Any) -> CostSettings:
    return CostSettings.model_validate({"functions": {"energy": {"call": f"{HERE}:{call}", **changes}}})


def test_a_function_is_known_and_its_band_is_never_left() -> None:
    space = toy_space("digits-bench")
    everything = space.enumeration
    assert everything is not None
    genomes = everything[::40]
    params = space.cost(genomes).params
    middle = float(np.median(params)) / 1e3
    problem = problem_of(space, EVALUATOR, OBJECTIVES, settings("thousands", band=[None, middle]))
    known = problem.known(genomes)["energy"]
    inside = params / 1e3 <= middle
    assert np.array_equal(known[inside], params[inside] / 1e3)
    assert np.isnan(known[~inside]).all()
    assert np.array_equal(possible(problem, genomes), inside)


def test_a_function_can_be_an_objective() -> None:
    space = toy_space("digits-bench")
    objective = Objective(metric="energy", direction="minimize")
    problem = problem_of(space, EVALUATOR, [*OBJECTIVES, objective], settings("thousands"))
    assert problem.reference[-1] > problem.ideal[-1] == space.params_range[0] / 1e3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("broken", "failed .RuntimeError: no table of energies.; it takes an architecture"),
        ("missing", "missing"),
        ("math", "failed .TypeError"),
    ],
)
def test_a_function_that_gives_no_number_is_named(call: str, message: str) -> None:
    space = toy_space("digits-bench")
    architecture = space.decode(space.sample(1, np.random.default_rng(0))[0])
    with pytest.raises(InputError, match=message):
        KnownCosts(settings(call).functions, space.input_shape)(architecture)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"latency_ms": {"band": "10:2"}}, "empty"),
        ({"latency_ms": {"band": "fast"}}, "not a band"),
        ({"latency_ms": {"repetitions": 1}}, "greater than or equal to 5"),
        ({"functions": {"flops": {"call": "a:b"}}}, "cannot be the name"),
        ({"latency": {}}, "Extra inputs"),
    ],
)
def test_wrong_settings_are_refused(content: Any, message: str) -> None:
    with pytest.raises((ValidationError, InputError), match=message):
        CostSettings.model_validate(content)


def test_a_metric_of_the_evaluator_is_not_given_twice() -> None:
    content = {"functions": {"robust_accuracy": {"call": f"{HERE}:thousands"}}}
    space = toy_space("digits-bench")
    table = DigitsBenchTable(DigitsBenchTableSettings(), space)
    with pytest.raises(InputError, match="the evaluator gives 'robust_accuracy' itself"):
        problem_of(space, table, OBJECTIVES, CostSettings.model_validate(content))


def test_costs_change_the_fingerprint_and_their_absence_does_not() -> None:
    without = SearchConfig().fingerprint
    assert SearchConfig(costs=None).fingerprint == without
    assert SearchConfig(costs=settings("thousands")).fingerprint != without


def test_the_first_measurement_of_a_network_stays() -> None:
    def measured(median: float) -> Evaluation:
        costs = {"latency_ms": {"median": median, "quartiles": [median, median]}}
        return Evaluation(Status.COMPLETE, metrics={"latency_ms": median}, provenance={"costs": costs})

    found = with_first_measured(measured(2.0), [Evaluation(Status.FAILED), measured(1.0), measured(3.0)])
    assert found == measured(1.0)
    assert with_first_measured(measured(2.0), []) == measured(2.0)
    failed = replace(measured(2.0), status=Status.FAILED, metrics={})
    assert with_first_measured(failed, [measured(1.0)]).metrics == {}
    assert not math.isnan(measured(1.0).metrics["latency_ms"])
