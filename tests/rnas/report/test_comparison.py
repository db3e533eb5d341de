from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnas.experiments.comparison.result import compared
from rnas.report import _comparison_text as words
from rnas.report.comparison import render
from tests.rnas.experiments.comparison.records import records, settings
from tests.rnas.report.browser import Page


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chosen = settings(tmp_path_factory.mktemp("networks"), seeds=3)
    return compared(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(2,))).content


def test_the_page_holds_every_network_and_escapes_what_it_shows(content: dict[str, Any]) -> None:
    text = render(content)
    assert text == render(content)
    assert words.verdict_sentence(content) in text
    table = text.split('id="table"')[1].split("</table>")[0]
    assert table.count('data-open="') == 3
    assert table.count('class="whisker"') == 2
    assert "&lt;loss&gt; is not finite" in text
    assert "<loss>" not in text
    pairs = text.split('id="pairs"')[1].split("</table>")[0]
    assert pairs.index("resnet-18") < pairs.index("small")
    assert "[95 % for all pairs together]" in pairs
    assert "[98.3 % for all pairs together]" in render({**content, "look_level": 0.05 / 3})


def test_where_all_scored_the_same_there_are_no_intervals_and_no_pairs(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    text = render(compared(chosen, records(chosen, [0.0] * 3)).content)
    assert "all networks scored the same 0.00 %" in text
    assert 'id="pairs"' not in text
    table = text.split('id="table"')[1].split("</table>")[0]
    assert 'class="whisker"' not in table
    assert table.count("0.00<small>± \u2013</small>") == 18
    assert table.split("<tfoot>")[1].count(">\u2013<") == 6
    assert "<sup>" not in table


@pytest.mark.slow
def test_the_chart_opens_networks_and_the_page_asks_for_nothing(
    content: dict[str, Any], opened: Callable[..., Page]
) -> None:
    page = opened(render(content))
    page.wait("document.querySelectorAll('#front-plot path.point').length === 3")
    page.click("#table tbody th a").wait("!document.querySelector('#panel').hidden")
    assert page.text("#panel-title") == "resnet-18"
    key = content["networks"][1]["key"]
    assert f"/trainings/{key}-seed-0/best.safetensors' --format standalone -o resnet-18.py" in page.text(
        "#panel-command"
    )
    assert not page.shown("#panel-training")
    page.choose("#panel-other", "0").wait("document.body.classList.contains('has-pair')")
    assert "better" not in page.text("#panel-facts")
    assert page.press("Escape").shown("#panel") is False
    assert page.requests == []
    assert page.complaints == []
