"""The Gaussian process: conformance, outliers, many evaluations."""

import numpy as np
from scipy.stats import kendalltau

from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.testing.predictor import PredictorConformance, samples


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> GaussianProcess:
        return GaussianProcess()


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


def test_many_evaluations_are_fitted() -> None:
    # Of more than 150 only some tune it.
    features, target = samples(300)
    mean, _ = GaussianProcess().fit(features, target).predict(features)
    assert kendalltau(mean, target).statistic > 0.9


def test_it_learns_which_features_are_relevant() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((160, 30))
    target = np.sin(3 * features[:, 0]) + features[:, 1] ** 2
    mean, std = GaussianProcess().fit(features[:60], target[:60]).predict(features[60:])
    assert kendalltau(mean, target[60:]).statistic > 0.9
    assert 0.8 < (np.abs(mean - target[60:]) < 1.645 * std).mean() <= 1
