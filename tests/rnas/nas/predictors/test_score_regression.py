"""Cross-validated predictions, and that the best setting is taken."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rnas._typing import Floats
from rnas.nas.predictors._calibration import folds
from rnas.nas.predictors.gradient_boosting import GradientBoosting
from rnas.nas.predictors.mlp_ensemble import MLPEnsemble
from rnas.nas.predictors.radial_basis import RadialBasis
from rnas.nas.predictors.score_regression import Regression, ScoreRegression, best_of, cross_validated
from rnas.nas.predictors.support_vector import SupportVector
from rnas.testing.predictor import samples


class Remembering(ScoreRegression):
    """Knows what it saw, and nothing else."""

    def _regress(self, inputs: Floats, scores: Floats, fold: NDArray[np.int64]) -> Regression:
        return Regression(_recall(inputs, scores), cross_validated(_recall, inputs, scores, fold))


def _recall(inputs: Floats, scores: Floats) -> Callable[[Floats], Floats]:
    seen = {tuple(row): score for row, score in zip(inputs, scores, strict=True)}
    return lambda new: np.array([seen.get(tuple(row), 0.0) for row in new])


def test_a_memory_is_as_uncertain_as_what_it_has_not_seen() -> None:
    features, target = samples(100)
    predictor = Remembering().fit(features, target)
    mean, std = predictor.predict(samples(100, seed=1)[0])
    assert np.ptp(mean) < 0.2 * np.ptp(target)
    assert 0.7 < std.mean() / target.std() < 1.5


def test_the_setting_of_least_cross_validated_error_is_taken() -> None:
    features, target = samples(60)

    def fit(factor: float, inputs: Floats, scores: Floats) -> Callable[[Floats], Floats]:
        line = np.linalg.lstsq(inputs, scores, rcond=None)[0]
        return lambda new: new @ line * factor

    regression = best_of(fit, (-1.0, 1.0, 0.2), features, target - target.mean(), folds(60))
    np.testing.assert_allclose(regression.predict(features), fit(1.0, features, target - target.mean())(features))
    assert not np.allclose(regression.out_of_fold, regression.predict(features), rtol=1e-3)


@pytest.mark.parametrize("predictor", [GradientBoosting, MLPEnsemble, RadialBasis, SupportVector])
def test_noise_is_known_to_be_noise(predictor: Callable[[], ScoreRegression]) -> None:
    features, _ = samples(200)
    noise = np.random.default_rng(3).normal(size=200)
    mean, std = predictor().fit(features[:100], noise[:100]).predict(features[100:])
    assert std.mean() > 0.8
    assert 0.8 <= (np.abs(mean - noise[100:]) <= 1.645 * std).mean() <= 0.97


@pytest.mark.parametrize("predictor", [MLPEnsemble, RadialBasis, SupportVector])
def test_scale_of_the_features_does_not_matter(predictor: Callable[[], ScoreRegression]) -> None:
    features, target = samples(40)
    new, _ = samples(10, seed=1)
    mean, _ = predictor().fit(features, target).predict(new)
    scaled, _ = predictor().fit(1024 * features, target).predict(1024 * new)
    np.testing.assert_allclose(mean, scaled, rtol=1e-6)
