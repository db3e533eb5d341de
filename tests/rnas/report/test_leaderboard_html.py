import dataclasses
import re

import pytest

from rnas.report._leaderboard_blocks import render
from rnas.report.leaderboard import LeaderboardFlag, tables
from tests.rnas.report.test_html import HOSTILE, Page
from tests.rnas.report.test_leaderboard import BEST, CLOSE, FAR, WIDER, entry

ZERO = LeaderboardFlag("zero gradients", "41 % of the gradients are exactly zero")
FLAGGED = dataclasses.replace(FAR, flags=(ZERO,), flops=100, params=7)


@pytest.fixture
def text() -> str:
    return render(tables([BEST, CLOSE, FLAGGED, entry("x", range(90), WIDER)]))


def cells(text: str, table: int = 1) -> list[list[str]]:
    """Texts of a table's cells by row, tags left out."""
    body = text.split("<tbody")[table].split("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", " ", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows
    ]


def test_it_holds_every_number_and_every_reason(text: str) -> None:
    page = Page(text)
    for words in (
        "60.00",
        "55.1 to 64.7",
        "200M",
        "p = 0.062",
        "41 % of the gradients",
        "threat",
        "linf, epsilon 16/255",
    ):
        assert words in page.text.replace("\u00a0", " ")
    assert "separate from table 1 because of threat" in page.text
    assert [row[1].split()[0] for row in cells(text)] == ["best", "close", "far"]
    assert [row[1].split()[0] for row in cells(text, 2)] == ["x"]


def test_flags_lead_to_their_explanation(text: str) -> None:
    page = Page(text)
    targets = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert "#flags-1-3" in targets
    assert {target.removeprefix("#") for target in targets} <= set(page.ids())
    assert len(page.ids()) == len(set(page.ids()))


def test_tables_can_be_heard(text: str) -> None:
    page = Page(text)
    assert page.tags.count("caption") == page.tags.count("table") == 2
    assert {value for tag, name, value in page.attributes if name == "scope"} == {"col", "row"}
    described = [value for _, name, value in page.attributes if name in ("aria-describedby", "aria-labelledby")]
    assert set(described) <= set(page.ids())


def test_it_is_one_file_and_names_are_text(text: str) -> None:
    hostile = dataclasses.replace(CLOSE, name=HOSTILE, source=HOSTILE, flags=(LeaderboardFlag(HOSTILE, HOSTILE),))
    setting = dict.fromkeys(BEST.setting, HOSTILE)
    page = Page(render(tables([BEST, hostile, dataclasses.replace(hostile, setting=setting)])))
    assert page.tags.count("script") == Page(text).tags.count("script") == 1
    assert page.tags.count("img") == 0
    assert page.text.count(HOSTILE) >= 4
    assert not any(name in ("src", "onclick") or (value or "").startswith("http") for _, name, value in page.attributes)


def test_equal_tables_give_equal_text(text: str) -> None:
    assert render(tables([entry("x", range(90), WIDER), FLAGGED, CLOSE, BEST])) == text


def test_it_opens_under_its_policy_and_asks_for_nothing(text: str, opened) -> None:
    page = opened(text)
    assert page.requests == []
    assert page.complaints == []
    headings = re.findall(r"<th scope=\"col\".*?</th>", page.elements)
    assert len(headings) == 18
    # A button is reached and pressed by keyboard.
    assert all('aria-sort="none"><button type="button">' in heading for heading in headings)


@pytest.mark.parametrize(
    ("column", "clicks", "expected"),
    [
        ("network", 2, ["far", "close", "best"]),
        ("FLOPs", 1, ["far", "best", "close"]),
        ("worst case %", 1, ["far", "close", "best"]),
        ("worst case %", 2, ["best", "close", "far"]),
        ("against the best", 1, ["far", "close", "best"]),
    ],
)
def test_every_heading_sorts(text: str, opened, column: str, clicks: int, expected: list[str]) -> None:
    page = opened(text)
    place = 1 + page.value("[...document.querySelectorAll('table.sorted thead th')].map((e) => e.textContent)").index(
        column
    )
    for _ in range(clicks):
        page.click(f"table.sorted thead th:nth-child({place}) button")
    assert page.complaints == []
    assert [row[1].split()[0] for row in cells(page.elements)] == expected
    direction = "ascending" if clicks == 1 else "descending"
    assert re.findall(r'<th [^>]*aria-sort="([a-z]*ing)"[^>]*>', page.elements) == [direction]
