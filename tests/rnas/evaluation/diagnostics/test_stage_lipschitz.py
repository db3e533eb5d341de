import math

import pytest

from rnas.errors import DivergedError
from rnas.evaluation.diagnostics.stage_lipschitz import stage_metrics


def test_growth_and_steps_by_hand() -> None:
    e = math.e
    found = stage_metrics([1.0, e, e**3, e**2, e**2, 1.0], (3, 2, 1))
    assert found == pytest.approx(
        {
            "first_stage_log_lipschitz": 3.0,
            "log_lipschitz_growth_within_stages": 1.5,
            "log_lipschitz_step_between_stages": -1.5,
        }
    )


def test_single_blocks_do_not_grow_and_a_constant_network_has_no_logarithm() -> None:
    assert stage_metrics([1.0, 2.0], (1, 1))["log_lipschitz_growth_within_stages"] == 0
    with pytest.raises(DivergedError, match="first_stage_log_lipschitz is -inf"):
        stage_metrics([0.0, 2.0], (1, 1))
