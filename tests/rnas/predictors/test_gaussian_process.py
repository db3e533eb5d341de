"""The Gaussian process: conformance, calibration, bounded time."""

import time

import numpy as np
from scipy.stats import kendalltau

from rnas.predictors.gaussian_process import GaussianProcess
from rnas.testing.predictor import PredictorConformance, samples


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> GaussianProcess:
        return GaussianProcess()


def test_intervals_cover_what_they_say() -> None:
    noise = np.random.default_rng(2).normal(scale=0.02, size=400)
    features, target = samples(400)
    target = target + noise
    mean, std = GaussianProcess().fit(features[:120], target[:120]).predict(features[120:])
    covered = np.abs(mean - target[120:]) <= 1.645 * std
    assert 0.82 <= covered.mean() <= 0.97


def test_outliers_do_not_hide_the_order_of_the_others() -> None:
    features, target = samples(100)
    broken = target.copy()
    broken[::10] = -50.0
    new, truth = samples(200, seed=1)
    mean, _ = GaussianProcess().fit(features, broken).predict(new)
    assert kendalltau(mean, truth).statistic >= 0.5


def test_scale_of_the_features_does_not_matter() -> None:
    features, target = samples(50)
    new, _ = samples(20, seed=1)
    mean, _ = GaussianProcess().fit(features, target).predict(new)
    scaled, _ = GaussianProcess().fit(1000 * features, target).predict(1000 * new)
    np.testing.assert_allclose(mean, scaled, rtol=1e-6)


def test_many_evaluations_are_fitted_in_time() -> None:
    features, target = samples(1000)
    started = time.process_time()
    mean, _ = GaussianProcess().fit(features, target).predict(features)
    assert time.process_time() - started < 10
    assert kendalltau(mean, target).statistic > 0.9
