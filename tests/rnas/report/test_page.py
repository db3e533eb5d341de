import pytest

from rnas.report._page import policy, render, short


def leaderboard(**more: object) -> str:
    return render("leaderboard.html", scripts=("theme.js",), summary="<b>", tables=[], **more)  # type: ignore[arg-type]


def test_a_page_holds_its_scripts_under_its_policy_and_escapes_what_it_shows() -> None:
    text = leaderboard()
    assert '<p class="lead">&lt;b&gt;</p>' in text
    [script] = [part.split("</script>")[0] for part in text.split("<script>")[1:]]
    assert policy(script).replace("'", "&#39;") in text
    assert "application/json" not in text


def test_data_stand_before_the_scripts_and_cannot_end_their_element() -> None:
    text = leaderboard(data={"name": "</script>\u00b1"})
    assert '<script type="application/json" id="page-data">{"name":"\\u003c/script\\u003e\u00b1"}</script>' in text
    assert text.index("page-data") < text.index("<script>")
    with pytest.raises(ValueError, match="JSON"):
        leaderboard(data={"value": float("inf")})


def test_numbers_are_shortened_and_nothing_else_is() -> None:
    assert short(0.123456789, 4) == 0.1235
    assert short(1234567.0, 7) == 1234567.0
    assert [short(value, 4) for value in (123456789, "0.123456789", None)] == [123456789, "0.123456789", None]
