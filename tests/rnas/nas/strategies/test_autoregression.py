"""The step from one rung to the next."""

import numpy as np

from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.strategies._autoregression import Autoregression
from rnas.testing.predictor import samples


def test_a_linear_step_is_learnt_from_few_results() -> None:
    inputs, below = samples(30)
    line = Autoregression(GaussianProcess, inputs[:10], below[:10], 0.8 * below[:10] + 0.1)
    mean, std = line.lifted(inputs[10:], below[10:], np.zeros(20))
    np.testing.assert_allclose(mean, 0.8 * below[10:] + 0.1, atol=1e-6)
    np.testing.assert_allclose(std, 0.0, atol=1e-6)


def test_what_the_rung_below_does_not_say_comes_from_the_inputs() -> None:
    inputs, below = samples(120)
    above = below + 0.3 * inputs[:, 4]
    line = Autoregression(GaussianProcess, inputs[:80], below[:80], above[:80])
    mean, _ = line.lifted(inputs[80:], below[80:], np.zeros(40))
    assert np.abs(mean - above[80:]).mean() < 0.25 * np.abs(below[80:] + 0.15 - above[80:]).mean()


def test_doubt_about_the_rung_below_is_handed_on() -> None:
    inputs, below = samples(40)
    noise = np.random.default_rng(0).normal(scale=0.01, size=40)
    line = Autoregression(GaussianProcess, inputs, below, 2.0 * below + noise)
    sure, unsure = (line.lifted(inputs, below, np.full(40, std))[1] for std in (0.0, 0.1))
    assert (sure > 0).all()
    np.testing.assert_allclose(np.sqrt(unsure**2 - sure**2), 0.2, rtol=0.1)


def test_a_falling_line_is_taken_for_none() -> None:
    inputs, below = samples(20)
    line = Autoregression(GaussianProcess, inputs, below, -below)
    high, low = (line.lifted(inputs[:1], np.array([value]), np.zeros(1))[0] for value in (9.0, -9.0))
    assert high == low


def test_equal_results_below_say_nothing() -> None:
    inputs, above = samples(20)
    mean, std = Autoregression(GaussianProcess, inputs, np.full(20, 0.5), above).lifted(inputs, above, np.zeros(20))
    assert np.isfinite([mean, std]).all()
