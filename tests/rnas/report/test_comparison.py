from pathlib import Path
from typing import Any

import pytest

from rnas.comparison import words
from rnas.comparison.result import result
from rnas.report.comparison import render
from tests.rnas.comparison.records import records, settings
from tests.rnas.report.test_browser import CHROMIUM, opened


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chosen = settings(tmp_path_factory.mktemp("networks"), seeds=3)
    return result(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(2,)))


def test_the_page_holds_every_network_and_escapes_what_it_shows(content: dict[str, Any]) -> None:
    text = render(content)
    assert text == render(content)
    assert words.verdict_sentence(content) in text
    table = text.split('id="table"')[1].split("</table>")[0]
    assert table.count('scope="rowgroup"') == 3
    assert table.count('class="whisker"') == 2
    assert "&lt;loss&gt; is not finite" in text
    assert "<loss>" not in text
    pairs = text.split('id="pairs"')[1].split("</table>")[0]
    assert pairs.index("resnet-18") < pairs.index("small")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the report in")
def test_the_page_asks_for_nothing(content: dict[str, Any], tmp_path: Path) -> None:
    page = opened(render(content), tmp_path)
    assert page.requests == []
    assert page.console == []
