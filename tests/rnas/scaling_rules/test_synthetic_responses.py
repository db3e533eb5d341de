import numpy as np
import pytest

from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.shares import simplex
from rnas.scaling_rules.synthetic_responses import FORMS, scaled_response, synthetic_response
from tests.rnas.scaling_rules.grids import design

PUBLISHED = Rule()
UNIFORM = np.full(3, 1 / 3)
OTHER = np.array([0.4, 0.4, 0.2])


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("planted", [(0.4, 0.4, 0.2), (0.5, 0.175, 0.325)])
def test_the_planted_shares_are_best_and_worth_the_effect_over_uniform(
    name: str, planted: tuple[float, float, float]
) -> None:
    shares = simplex(3, 40)
    best = np.array(planted)
    heights = scaled_response(FORMS[name], shares, best, 2.5, OTHER)
    assert shares[heights.argmax()] == pytest.approx(best)
    assert heights.max() == pytest.approx(0)
    assert scaled_response(FORMS[name], UNIFORM[None], best, 2.5, OTHER) == pytest.approx(-2.5)


@pytest.mark.parametrize("name", FORMS)
def test_uniform_shares_are_worth_the_effect_over_the_others(name: str) -> None:
    assert scaled_response(FORMS[name], UNIFORM[None], UNIFORM, 2.5, OTHER) == pytest.approx(0)
    assert scaled_response(FORMS[name], OTHER[None], UNIFORM, 2.5, OTHER) == pytest.approx(-2.5)


def test_forms_differ_far_from_the_optimum() -> None:
    far = np.array([[0.05, 0.05, 0.9]])
    heights = [scaled_response(form, far, OTHER, 1.0, UNIFORM)[0] for form in FORMS.values()]
    assert max(heights) - min(heights) > 0.5


@pytest.mark.parametrize("name", FORMS)
def test_all_parts_of_a_rule_are_planted(name: str) -> None:
    # Of the second the depths are off, of the third the widths, of the last r_D; each as far as uniform is.
    depths = np.array([[14, 14, 7], [35 / 3] * 3, [14, 14, 7], [5.5 * 0.4, 5.5 * 0.4, 5.5 * 0.2]])
    widths = np.array([[30, 37.5, 15], [30, 37.5, 15], [27.5] * 3, [2, 2.5, 1]]) * np.array(
        [[2 / 11], [2 / 11], [2 / 11], [1]]
    )
    fallen_by = synthetic_response(design(depths, widths), PUBLISHED, name, 1.5, PUBLISHED)
    assert fallen_by == pytest.approx([0, -1.5, -1.5, -1.5])
