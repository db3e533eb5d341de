from collections.abc import Callable

import pytest

from rnas.report._rules_page import figures, render
from rnas.scaling_rules._fit import fit_observations
from rnas.scaling_rules.findings import Findings, compare_with_paper
from tests.rnas.report.browser import Page
from tests.rnas.scaling_rules.test_findings import scored


@pytest.fixture(scope="module")
def found() -> Findings:
    return compare_with_paper("<a run>", fit_observations(scored(), []))


def test_the_page_has_every_section_and_escapes_what_it_is_given(found: Findings) -> None:
    page = render(found)
    for section in ("rules-of-depth-and-width", "figures", "what-predicts-the-scores", "growth-with-the-budget"):
        assert f'<section id="{section}"' in page
    assert "&lt;a run&gt;" in page
    assert "<a run>" not in page
    assert "The likeliest rule, whether or not it is identified: D1:D2:D3" in page
    assert render(found) == page


def test_figures_of_what_can_be_ranked(found: Findings) -> None:
    assert [figure.id for figure in figures(found)] == ["depth-shares", "width-shares", "depth-to-width"]
    unranked = Findings("a run", found.rules, None, (), "no level")
    assert [figure.id for figure in figures(unranked)] == ["depth-to-width"]
    assert "This estimate is not available: no level." in render(unranked)


@pytest.mark.slow
def test_the_page_draws_under_its_policy_and_asks_for_nothing(found: Findings, opened: Callable[..., Page]) -> None:
    page = opened(render(found))
    assert page.requests == []
    assert page.complaints == []
    for figure in ("depth-shares", "width-shares"):
        assert page.elements.split(f'id="{figure}"')[1].split("</figure>")[0].count('<g class="trace bars"') >= 6
    assert '<path class="point' in page.elements.split('id="depth-to-width"')[1].split("</figure>")[0]
