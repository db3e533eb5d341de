"""Test predictors for conformance: inherit the class in a test module and create the predictor."""

import numpy as np
from scipy.stats import kendalltau

from rnas._typing import Floats
from rnas.nas.predictors.predictor import Predictor


class PredictorConformance:
    """Test what every predictor must do. A subclass overrides :meth:`make`.

    Attributes:
        least_tau: least Kendall's tau on 200 new points of a smooth function, after fitting to 60.
    """

    least_tau: float = 0.6

    def make(self) -> Predictor:
        """Return the predictor before fitting."""
        raise NotImplementedError

    def test_predictions_have_the_right_shape(self) -> None:
        """Test for one finite mean and one finite standard deviation of at least 0 per row, also without rows."""
        features, target = samples(40)
        predictor = self.make()
        assert predictor.fit(features, target) is predictor
        for n in (0, 1, 17):
            mean, std = predictor.predict(samples(17, seed=1)[0][:n])
            assert mean.shape == std.shape == (n,)
            assert np.isfinite(mean).all()
            assert (np.isfinite(std) & (std >= 0)).all()

    def test_order_is_learnt(self) -> None:
        """Test that the means of new points have nearly the order of their targets."""
        new, truth = samples(200, seed=1)
        mean, _ = self.make().fit(*samples(60)).predict(new)
        assert kendalltau(mean, truth).statistic >= self.least_tau

    def test_what_was_seen_is_more_certain(self) -> None:
        """Test that on average the spread is smaller at the fitted points than far from them."""
        features, target = samples(60)
        predictor = self.make().fit(features, target)
        assert predictor.predict(features)[1].mean() < predictor.predict(features + 3.0)[1].mean()

    def test_intervals_hold_what_they_say(self) -> None:
        """Test that 80 to 97 % of the 90 % intervals contain new results, which are noisy."""
        features, target = samples(420)
        target = target + np.random.default_rng(2).normal(scale=0.02, size=420)
        mean, std = self.make().fit(features[:120], target[:120]).predict(features[120:])
        held = np.abs(mean - target[120:]) <= 1.645 * std
        assert 0.80 <= held.mean() <= 0.97

    def test_units_are_those_of_the_target(self) -> None:
        """Test that a target in other units gives the same predictions in those units."""
        features, target = samples(40)
        new, _ = samples(20, seed=1)
        mean, std = self.make().fit(features, target).predict(new)
        other_mean, other_std = self.make().fit(features, 1000.0 * target - 7.0).predict(new)
        np.testing.assert_allclose(other_mean, 1000.0 * mean - 7.0, rtol=1e-3, atol=1e-3 * 1000.0 * np.ptp(target))
        np.testing.assert_allclose(other_std, 1000.0 * std, rtol=1e-2)

    def test_it_is_a_function_of_the_last_fit(self) -> None:
        """Test that it depends bit for bit on its last fit, and changes neither its inputs nor numpy's generator."""
        features, target = samples(40)
        copies = features.copy(), target.copy()
        new, _ = samples(20, seed=1)
        np.random.seed(0)  # noqa: NPY002
        first = self.make().fit(features, target).predict(new)
        used = self.make().fit(*samples(30, seed=5))
        np.random.seed(1)  # noqa: NPY002
        second = used.fit(features, target).predict(new)
        for one, other in zip(first, second, strict=True):
            assert (one == other).all()
        assert (features == copies[0]).all()
        assert (target == copies[1]).all()

    def test_poor_samples_are_no_error(self) -> None:
        """Test two points, equal targets, features that never change, and one point with two results."""
        features, target = samples(10)
        repeated = np.repeat(features[:5], 2, axis=0)
        for poor in (
            (features[:2], target[:2]),
            (features, np.full(10, 0.25)),
            (np.ones_like(features), target),
            (repeated, target),
        ):
            mean, std = self.make().fit(*poor).predict(features)
            assert np.isfinite(mean).all()
            assert (np.isfinite(std) & (std >= 0)).all()
        mean, _ = self.make().fit(features, np.full(10, 0.25)).predict(features)
        np.testing.assert_allclose(mean, 0.25)


def samples(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return features (n, 6) in [0, 1] and a smooth target (n,) with a long lower tail, as accuracies have."""
    features = np.random.default_rng(seed).random((n, 6))
    height = features[:, 0] + features[:, 1] * features[:, 2] - 0.5 * features[:, 3]
    return features, 0.5 - 0.4 * np.exp(-2.0 * height)
