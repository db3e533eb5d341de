"""What the surrogate is fitted to, and what it says of known objectives."""

import numpy as np

from rnas.optimization.front import non_dominated
from rnas.optimization.objective import minimised
from rnas.optimization.strategy import View
from rnas.optimization.surrogate import Surrogate, fitted_rows
from rnas.predictors.gaussian_process import GaussianProcess
from rnas.testing.strategy import ACCURACY, FLOPS, LATENCY, SMALL, evaluated, toy_problem, toy_space, toy_view


def test_few_evaluations_are_all_fitted() -> None:
    points = np.random.default_rng(0).random((50, 2))
    assert fitted_rows(points, 50).tolist() == list(range(50))


def test_of_many_the_best_and_some_of_all_times_are_fitted() -> None:
    points = np.random.default_rng(0).random((5000, 2))
    rows = fitted_rows(points, 200)
    assert len(set(rows)) == 200
    assert set(non_dominated(points)) <= set(rows)
    assert all(len([row for row in rows if start <= row < start + 1000]) >= 10 for start in range(0, 5000, 1000))


def test_known_objectives_are_exact_and_others_uncertain() -> None:
    problem = toy_problem(toy_space(SMALL), [LATENCY, FLOPS, ACCURACY])
    surrogate = Surrogate(problem, toy_view(problem, 40, 0), GaussianProcess)
    genomes = problem.space.sample(10, np.random.default_rng(3))
    beliefs = surrogate.beliefs(genomes)
    truth = minimised(evaluated(problem, genomes).metrics, problem.objectives)
    assert (beliefs.mean[:, 1] == truth[:, 1]).all()
    assert (beliefs.std[:, 1] == 0).all()
    assert (beliefs.std[:, [0, 2]] > 0).all()
    assert (beliefs.mean[:, 2] < 0).all()
    predictions = surrogate.predictions(genomes)
    np.testing.assert_allclose([p["accuracy"].mean for p in predictions], -beliefs.mean[:, 2])
    np.testing.assert_allclose([p["latency"].mean for p in predictions], beliefs.mean[:, 0])


def test_failures_are_left_out() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 30, 0, failed=0.5)
    surrogate = Surrogate(problem, view, GaussianProcess)
    assert len(surrogate.points) == len(surrogate.genomes) == 15
    assert np.isfinite(surrogate.points).all()


def test_tau_is_that_of_the_objective_learnt_worst() -> None:
    problem = toy_problem(toy_space(SMALL), [ACCURACY, FLOPS, LATENCY])
    view = toy_view(problem, 90, 0)
    noise = np.random.default_rng(0).random(90)
    noisy = View(view.genomes, {**view.metrics, "latency": noise}, view.failed, view.pending)
    assert Surrogate(problem, view, GaussianProcess).tau > 0.5
    assert abs(Surrogate(problem, noisy, GaussianProcess).tau) < 0.3
    known = toy_problem(toy_space(SMALL), [FLOPS])
    assert Surrogate(known, toy_view(known, 10, 0), GaussianProcess).tau == 1.0
