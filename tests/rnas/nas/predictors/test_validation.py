"""Cross-validation tells a predictor that learns from one that does not."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.predictors.validation import cross_validated_tau
from rnas.testing.predictor import samples

Floats = NDArray[np.float64]


class Memory:
    """Repeats the mean of what it saw, and checks that it is asked for something else."""

    def fit(self, features: Floats, target: Floats) -> Self:
        self.seen = {tuple(row) for row in features}
        self.mean = target.mean()
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        assert not any(tuple(row) in self.seen for row in features)
        return np.full(len(features), self.mean), np.ones(len(features))


def test_what_is_learnt_shows() -> None:
    features, target = samples(60)
    assert cross_validated_tau(GaussianProcess, features, target) > 0.7


def test_noise_cannot_be_learnt() -> None:
    features, _ = samples(120)
    noise = np.random.default_rng(3).random(120)
    assert abs(cross_validated_tau(GaussianProcess, features, noise)) < 0.25


def test_rows_are_predicted_by_the_others() -> None:
    features, target = samples(30)
    assert cross_validated_tau(Memory, features, target) < 0.3


def test_equal_targets_have_no_order() -> None:
    assert cross_validated_tau(GaussianProcess, samples(12)[0], np.full(12, 0.5)) == 0.0
