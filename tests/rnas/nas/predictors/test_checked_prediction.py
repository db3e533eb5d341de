"""What a predictor says is held to its contract."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.predictors._checked_prediction import checked_prediction
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.predictors.validation import cross_validated_tau

FEATURES = np.random.default_rng(0).random((12, 3))


@dataclass
class Wrong:
    """A predictor that returns given predictions."""

    mean: Any
    std: Any

    def fit(self, features: Floats, target: Floats) -> Self:
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        ones = np.ones(len(features))
        return self.mean * ones, self.std * ones


@pytest.mark.parametrize(
    ("mean", "std"), [(np.nan, 1.0), (np.inf, 1.0), (0.0, np.nan), (0.0, -1.0), (np.zeros((1, 1)), 1.0)]
)
def test_what_is_no_prediction_is_refused(mean: Any, std: Any) -> None:
    with pytest.raises(InputError, match=r"predictor Wrong of .* gave what is no finite mean and standard deviation"):
        checked_prediction(Wrong(mean, std), FEATURES)
    with pytest.raises(InputError, match="each of 4 networks"):
        cross_validated_tau(lambda: Wrong(mean, std), FEATURES, FEATURES[:, 0])


def test_others_are_as_they_were() -> None:
    fitted = GaussianProcess().fit(FEATURES, FEATURES[:, 0])
    assert all(map(np.array_equal, checked_prediction(fitted, FEATURES), fitted.predict(FEATURES)))
