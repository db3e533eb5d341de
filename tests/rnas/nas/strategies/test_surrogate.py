"""What the surrogate is fitted to, and what it says of known objectives."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnas._typing import Integers
from rnas.nas._rungs import promoted
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.strategies.surrogate import FEWEST_PROMOTED, Surrogate, fitted_rows, paired
from rnas.nas.strategy import Results, View
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
    posterior = surrogate.posterior(genomes)
    truth = minimised(evaluated(problem, genomes).metrics, problem.objectives)
    assert (posterior.mean[:, 1] == truth[:, 1]).all()
    assert (posterior.std[:, 1] == 0).all()
    assert (posterior.std[:, [0, 2]] > 0).all()
    predictions = surrogate.predictions(genomes)
    # Two unknown objectives are drawn at random, not at nodes.
    spread = posterior.std[:, [0, 2]]
    expected = np.array([[p["latency"].mean, -p["accuracy"].mean] for p in predictions])
    assert (np.abs(posterior.mean[:, [0, 2]] - expected) < 0.1 * spread).all()


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


def test_results_with_large_noise_are_not_believed_as_they_are() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 90, 0)
    clean = Surrogate(problem, view, GaussianProcess)
    assert (clean.expected == clean.points).all()
    true = view.metrics["accuracy"]
    seen = true + np.random.default_rng(0).normal(0, true.std(), 90)
    surrogate = Surrogate(problem, replace(view, metrics={**view.metrics, "accuracy": seen}), GaussianProcess)
    accuracy = [o.metric for o in problem.objectives].index("accuracy")
    off = np.abs(surrogate.expected - clean.points)
    assert off[:, accuracy].mean() < 0.7 * np.abs(seen - true).mean()
    assert np.delete(off, accuracy, axis=1).max() == 0
    few = View(view.genomes[:30], {n: c[:30] for n, c in view.metrics.items()}, view.failed[:30], view.pending)
    few = replace(few, metrics={**few.metrics, "accuracy": seen[:30]})
    doubtful = Surrogate(problem, few, GaussianProcess)
    assert (doubtful.expected == doubtful.points).all()
    # The prediction is of a new result, and the posterior is of the function.
    predicted = [p["accuracy"].std for p in surrogate.predictions(view.genomes)]
    assert (surrogate.posterior(view.genomes).std[:, accuracy] < 0.9 * np.array(predicted)).all()


def lifted(view: View, rows: Integers, gain: float) -> Results:
    """Results of some rows of a view at a higher rung: better by a gain, the more of it the earlier the variables."""
    genomes = view.genomes[rows]
    better = view.metrics["accuracy"][rows] + gain * (1 + 0.2 * genomes[:, 0])
    return Results(genomes, {**{n: c[rows] for n, c in view.metrics.items()}, "accuracy": better}, view.failed[rows])


def view_of(seen: int, steps: Sequence[int]) -> View:
    """Return a view in which the first results, of a given number, were promoted to each higher rung."""
    view = toy_view(toy_problem(toy_space(SMALL)), seen, 0)
    rungs = [lifted(view, np.arange(step), 0.1 * (number + 1)) for number, step in enumerate(steps)]
    return replace(view, promoted=tuple(rungs))


def test_the_posterior_is_of_the_highest_rung_with_enough_results() -> None:
    problem = toy_problem(toy_space(SMALL))
    genomes = problem.space.sample(40, np.random.default_rng(3))
    truth = evaluated(problem, genomes)
    flat = Surrogate(problem, view_of(60, []), GaussianProcess)
    for steps in ([30, 0], [30, FEWEST_PROMOTED - 1], [30, 15]):
        surrogate = Surrogate(problem, view_of(60, steps), GaussianProcess)
        top = sum(step >= FEWEST_PROMOTED for step in steps)
        assert len(surrogate.points) == steps[top - 1]
        expected = lifted(truth, np.arange(40), 0.1 * top).metrics["accuracy"]
        error = np.abs(-surrogate.posterior(genomes).mean[:, 0] - expected).mean()
        assert error < 0.5 * np.abs(-flat.posterior(genomes).mean[:, 0] - expected).mean()
        assert (surrogate.posterior(genomes).mean[:, 1] == truth.metrics["flops"]).all()


def test_predictions_are_about_the_lowest_rung() -> None:
    problem = toy_problem(toy_space(SMALL))
    genomes = problem.space.sample(10, np.random.default_rng(3))
    flat, high = (Surrogate(problem, view_of(60, steps), GaussianProcess) for steps in ([], [30, 15]))
    assert flat.predictions(genomes) == high.predictions(genomes)
    assert flat.tau == high.tau


def test_too_few_promoted_change_nothing() -> None:
    problem = toy_problem(toy_space(SMALL))
    genomes = problem.space.sample(10, np.random.default_rng(3))
    flat, few = (Surrogate(problem, view_of(60, steps), GaussianProcess) for steps in ([], [FEWEST_PROMOTED - 1]))
    assert (flat.posterior(genomes).mean == few.posterior(genomes).mean).all()
    assert (flat.points == few.points).all()
    assert len(flat.underway) == len(few.underway) == 0


def test_failures_at_a_higher_rung_are_left_out() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = view_of(60, [30])
    rung = view.promoted[0]
    failed = np.arange(30) < 20
    broken = replace(rung, metrics={**rung.metrics, "accuracy": np.where(failed, np.nan, 0.5)}, failed=failed)
    surrogate = Surrogate(problem, replace(view, promoted=(broken,)), GaussianProcess)
    assert len(surrogate.points) == 10
    assert np.isfinite(surrogate.posterior(view.genomes).mean).all()


def test_what_may_yet_be_promoted_is_expected_from_its_result() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = view_of(60, [50])
    surrogate = Surrogate(problem, view, GaussianProcess)
    expected = minimised(lifted(view, np.arange(50, 60), 0.1).metrics, problem.objectives)
    np.testing.assert_allclose(surrogate.underway, expected, atol=0.02)


def test_in_an_asynchronous_search_the_better_share_may_yet_be_promoted() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = view_of(60, [])
    best = promoted(minimised(view.metrics, problem.objectives), np.arange(60), 30)
    before, left = np.sort(best)[::-1][:20], np.sort(best)[:10]
    view = replace(view, promoted=(lifted(view, before, 0.1),), promote=0.5)
    surrogate = Surrogate(problem, view, GaussianProcess)
    expected = minimised(lifted(view, left, 0.1).metrics, problem.objectives)
    np.testing.assert_allclose(surrogate.underway, expected, atol=0.05)


def test_pairs_are_found_whatever_the_order() -> None:
    below = np.array([[1, 1], [2, 2], [3, 3]])
    assert paired(below, np.array([[3, 3], [9, 9], [1, 1]])).tolist() == [[2, 0], [0, 2]]
    assert paired(below, below[:0]).shape == (0, 2)
