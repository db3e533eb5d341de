import pytest
from markupsafe import Markup

from rnas.report._blocks import Cell, Code, Facts, Heading, Line, Table, columns
from rnas.report._page import policy, render_blocks, short


def page(**more: object) -> str:
    return render_blocks("test", "Title", [], "<b>", **more)  # type: ignore[arg-type]


def test_a_page_holds_its_scripts_under_its_policy_and_escapes_what_it_shows() -> None:
    text = page()
    assert '<p class="lead">&lt;b&gt;</p>' in text
    (script,) = [part.split("</script>")[0] for part in text.split("<script>")[1:]]
    assert policy(script).replace("'", "&#39;") in text
    assert "application/json" not in text


def test_data_stand_before_the_scripts_and_cannot_end_their_element() -> None:
    text = page(data={"name": "</script>\u00b1"})
    assert '<script type="application/json" id="page-data">{"name":"\\u003c/script\\u003e\u00b1"}</script>' in text
    assert text.index("page-data") < text.index("<script>")
    with pytest.raises(ValueError, match="JSON"):
        page(data={"value": float("inf")})


def test_numbers_are_shortened_and_nothing_else_is() -> None:
    assert short(0.123456789, 4) == 0.1235
    assert short(1234567.0, 7) == 1234567.0
    assert [short(value, 4) for value in (123456789, "0.123456789", None)] == [123456789, "0.123456789", None]


def test_blocks_are_shown_in_order_and_escaped() -> None:
    cell = Cell("<a>", "\u00b1 <2>", "b", "alarm", Markup("<svg></svg>"), 0.5, "#there", 3)
    table = Table(columns("x", "y"), (("one", cell),), "what it holds", (("<gap>", "1"),))
    text = render_blocks(
        "test",
        "Title",
        [
            "<p>",
            Line("<note>", "note", "there"),
            Heading("A <part>"),
            Facts({"name": "<text>", "no": ""}),
            table,
            Code("a\n  b"),
        ],
    )
    shown = text.split("<main")[1].split("</main>")[0]
    assert '<p id="there" class="notes">&lt;note&gt;</p>' in shown
    assert '<section id="a-part-" aria-labelledby="a-part--title">' in shown
    assert "<dt>name</dt><dd>&lt;text&gt;</dd>" in shown
    assert "<dt>no</dt>" not in shown
    assert '<th scope="col" class="number">y</th>' in shown
    assert (
        '<td class="number alarm" data-value="0.5"><a href="#there" data-open="3">&lt;a&gt;</a>'
        "<sup>b</sup><small>\u00b1 &lt;2&gt;</small><svg></svg></td>"
    ) in shown
    assert "a\n  b</pre>" in shown
    assert shown.count("<section") == shown.count("</section>") == 1
