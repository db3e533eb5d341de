"""The choice of a predictor: the one that ranks best, and the first where none does."""

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.predictors.gradient_boosting import GradientBoosting
from rnas.nas.predictors.switching import NAMES, Switching
from rnas.testing.predictor import PredictorConformance, samples


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> Switching:
        return Switching(("radial-basis", "support-vector", "gaussian-process"))


def test_what_ranks_best_is_fitted() -> None:
    features = np.random.default_rng(0).random((100, 40))
    target = np.floor(4 * features[:, 0]) * (features[:, 1] > 0.3) + 0.01 * features[:, 2]
    switching = Switching(("radial-basis", "gradient-boosting")).fit(features, target)
    assert switching.chosen == "gradient-boosting"
    assert switching.worth["gradient-boosting"] > switching.worth["radial-basis"] + 0.1
    alone = GradientBoosting().fit(features, target)
    for one, other in zip(switching.predict(features), alone.predict(features), strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_equal_ones_the_first_is_taken() -> None:
    _, target = samples(30)
    for names in (("support-vector", "radial-basis"), ("radial-basis", "support-vector")):
        switching = Switching(names).fit(np.ones((30, 2)), target)
        assert switching.chosen == names[0]
        assert switching.worth == dict.fromkeys(names, 0.0)


def test_few_points_are_no_evidence() -> None:
    switching = Switching(("support-vector", "radial-basis")).fit(*samples(11))
    assert (switching.chosen, switching.worth) == ("support-vector", {})


def test_equal_targets_leave_nothing_to_choose_by() -> None:
    switching = Switching(("radial-basis", "support-vector")).fit(samples(20)[0], np.full(20, 0.5))
    assert (switching.chosen, switching.worth) == ("radial-basis", {})


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="no-such"):
        Switching(("no-such",))


@pytest.mark.slow
def test_all_of_them_are_compared_on_many_evaluations() -> None:
    # Of more than 100 only some are compared on.
    switching = Switching().fit(*samples(150))
    assert tuple(switching.worth) == NAMES
