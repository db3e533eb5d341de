"""From space, evaluator and objectives to a problem: known metrics, reference and ideal."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from rnas.errors import InputError
from rnas.nas import _problem
from rnas.nas._problem import KnownMetrics, problem_of
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Rung, Status, Task
from rnas.nas.objective import Objective
from rnas.nas.strategy import Problem
from rnas.networks.architecture import Architecture, Shape
from rnas.testing.strategy import LARGE, SMALL, toy_space


class Settings(BaseModel):
    pass


class Counting:
    """Knows the number of skips of a cell, and bounds one accuracy."""

    Settings: ClassVar[type[BaseModel]] = Settings
    instant: ClassVar[bool] = True
    settings = Settings()
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(),)
    notes: ClassVar[Sequence[str]] = ()

    def __init__(self, bounds: Mapping[str, tuple[float, float]]) -> None:
        self.bounds = bounds
        self.asked = 0

    @classmethod
    def image_format(cls, settings: Any) -> tuple[Shape, int]:
        return (3, 32, 32), 10

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        return Evaluation(Status.COMPLETE, {"accuracy": 0.5})

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        self.asked += len(architectures)
        return [{"skips": float(str(architecture).count("skip_connect"))} for architecture in architectures]

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        return EvaluationEstimate(0.0)


def problem(
    *objectives: Objective, space: str = SMALL, bounds: Mapping[str, tuple[float, float]] | None = None
) -> Problem:
    evaluator = Counting({"accuracy": (0.0, 1.0)} if bounds is None else bounds)
    assert isinstance(evaluator, Evaluator)
    return problem_of(toy_space(space), evaluator, objectives)


def up(metric: str, reference: float | None = None) -> Objective:
    return Objective(metric=metric, direction="maximize", reference=reference)


def down(metric: str, reference: float | None = None) -> Objective:
    return Objective(metric=metric, direction="minimize", reference=reference)


def test_corners_come_from_bounds_and_from_the_space() -> None:
    made = problem(up("accuracy"), down("flops"), down("skips"))
    low, high = made.space.flops_range
    np.testing.assert_allclose(made.reference, [0.0, high + 0.01 * (high - low), 6.06])
    np.testing.assert_allclose(made.ideal, [-1.0, low, 0.0])


def test_known_metrics_may_be_maximised() -> None:
    made = problem(up("skips"), up("accuracy"))
    np.testing.assert_allclose(made.reference, [0.06, 0.0])
    np.testing.assert_allclose(made.ideal, [-6.0, -1.0])


def test_a_reference_of_the_objective_s_own_comes_first() -> None:
    made = problem(up("accuracy", reference=0.1), down("flops", reference=1e8))
    np.testing.assert_allclose(made.reference, [-0.1, 1e8])


def test_nothing_known_is_nan() -> None:
    made = problem(up("surprise"), down("loss"), bounds={})
    assert np.isnan([made.reference, made.ideal]).all()
    half = problem(down("loss"), bounds={"loss": (0.0, np.inf)})
    assert half.ideal.tolist() == [0.0]
    assert np.isnan(half.reference).all()
    own = problem(up("surprise", reference=2.0))
    assert own.reference.tolist() == [-2.0]
    assert np.isnan(own.ideal).all()


def test_in_a_large_space_the_range_of_params_is_sampled() -> None:
    made = problem(up("accuracy"), down("params"), space=LARGE)
    params = made.known(made.space.sample(50, np.random.default_rng(5)))["params"]
    assert np.mean((params >= made.ideal[1]) & (params <= made.reference[1])) > 0.9


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ([], "at least one"),
        ([up("accuracy"), down("accuracy")], "twice"),
        ([up("acuracy")], "states accuracy, flops, params, skips"),
        ([up("accuracy", reference=1.0)], "no worse than its best"),
        ([down("flops", reference=10.0)], "no worse than its best"),
    ],
)
def test_impossible_objectives_are_refused(objectives: list[Objective], message: str) -> None:
    with pytest.raises(InputError, match=message):
        problem(*objectives)


def test_known_metrics_are_columns_and_worked_out_once() -> None:
    space = toy_space(SMALL)
    evaluator = Counting({})
    known = problem_of(space, evaluator, [up("accuracy")]).known
    genomes = space.sample(10, np.random.default_rng(0))
    columns = known(genomes)
    assert sorted(columns) == ["flops", "params", "skips"]
    assert (columns["flops"] == space.cost(genomes).flops).all()
    assert (columns["params"] == space.cost(genomes).params).all()
    asked = evaluator.asked
    again = known(genomes[[3, 3, 1]])
    assert evaluator.asked == asked
    assert all((again[name] == columns[name][[3, 3, 1]]).all() for name in columns)
    assert all(len(column) == 0 for column in known(genomes[:0]).values())


def test_known_metrics_of_ever_more_genomes_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_problem, "_MOST_KEPT", 20)
    space = toy_space(LARGE)
    known = KnownMetrics(space, Counting({}))
    for seed in range(4):
        genomes = space.uniform(15, np.random.default_rng(seed))
        assert (known(genomes)["params"] == space.cost(genomes).params).all()
        assert len(known._rows) <= 20
    many = space.uniform(40, np.random.default_rng(9))
    assert (known(many)["flops"] == space.cost(many).flops).all()
