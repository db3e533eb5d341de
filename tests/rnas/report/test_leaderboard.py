import dataclasses

import numpy as np
import pytest

from rnas.report._leaderboard_blocks import against_the_best, explanation, headline, markdown
from rnas.report.leaderboard import Entry, Leaderboard, LeaderboardAccuracy, LeaderboardFlag, tables
from rnas.statistics._mcnemar import mcnemar
from rnas.statistics.proportions import proportion

SETTING = {"data": "cifar10", "images": "the first 400", "threat": "linf, epsilon 8/255", "attacks": "pgd20"}
WIDER = SETTING | {"threat": "linf, epsilon 16/255"}
OTHER_IMAGES = WIDER | {"images": "the first 300"}


def accuracy(right) -> LeaderboardAccuracy:
    return LeaderboardAccuracy(proportion(float(np.mean(right)), len(right)), tuple(map(bool, right)))


def entry(name: str, robust, setting=SETTING, flags=(), **fields) -> Entry:
    """A network that is robust on these of 400 images and right on them all."""
    right = np.isin(np.arange(400), list(robust))
    whole = Entry(
        name=name,
        source=f"{name}.json",
        setting=setting,
        clean=accuracy([True] * 400),
        attacks={"pgd20": accuracy(right)},
        worst_case=accuracy(right),
        params=1_000_000,
        flops=200_000_000,
        flags=flags,
    )
    return dataclasses.replace(whole, **fields)


BEST = entry("best", range(240))
CLOSE = entry("close", range(5, 240))
FAR = entry("far", range(180))


def test_networks_stand_in_order_of_worst_case_accuracy() -> None:
    (table,) = tables([FAR, BEST, CLOSE])
    assert [row.name for row in table.rows] == ["best", "close", "far"]
    assert [row.place for row in table.rows] == [1, 2, 3]
    assert table.apart == ""


def test_a_network_is_told_from_the_best_by_the_images_on_which_they_differ() -> None:
    (table,) = tables([FAR, BEST, CLOSE])
    _, close, far = table.rows
    # Five images, all one way: 2 * 0.5 ** 5, and of two comparisons the larger stays as it is.
    assert close.p_value == pytest.approx(2 * 0.5**5)
    assert far.p_value == pytest.approx(2 * 2 * 0.5**60)
    assert [row.as_good_as_the_best for row in table.rows] == [True, True, False]


def test_the_same_accuracies_on_other_images_may_say_more() -> None:
    """Equal intervals: what tells is the pairing."""
    nested = tables([entry("a", range(200)), entry("b", range(12, 200))])[0].rows[1]
    apart = tables([entry("a", range(200)), entry("b", range(150, 338))])[0].rows[1]
    assert nested.entry.worst_case.share == apart.entry.worst_case.share
    assert not nested.as_good_as_the_best
    assert apart.as_good_as_the_best
    a, b = entry("a", range(200)).worst_case.right, entry("b", range(150, 338)).worst_case.right
    assert apart.p_value == mcnemar(a, b)


def test_equal_networks_share_a_place() -> None:
    (table,) = tables([entry("a", range(100)), entry("b", range(100, 200)), entry("c", range(50))])
    assert [row.place for row in table.rows] == [1, 1, 3]


def test_one_name_twice_is_distinguished_by_file() -> None:
    (table,) = tables([BEST, dataclasses.replace(FAR, name="best", source="again.json")])
    assert [row.name for row in table.rows] == ["best (best.json)", "best (again.json)"]


def test_what_does_not_compare_stands_apart_and_the_reason_is_given() -> None:
    entries = [entry("x", range(90), WIDER), BEST, entry("y", range(80), OTHER_IMAGES), CLOSE]
    first, second, third = tables(entries)
    assert {row.name for row in first.rows} == {"best", "close"}
    apart = {table.rows[0].name: table.apart for table in (second, third)}
    assert "threat linf, epsilon 16/255 instead of linf, epsilon 8/255" in apart["x"] + apart["y"]
    assert all(table.rows[0].p_value is None for table in (second, third))
    # The last is compared with the table that it differs least from.
    assert third.apart.startswith("This table is separate from table ")
    assert third.apart.count("instead of") == 1


@pytest.mark.parametrize("fact", SETTING)
def test_every_fact_parts(fact: str) -> None:
    other = dataclasses.replace(FAR, setting=SETTING | {fact: "another"})
    first, second = tables([BEST, CLOSE, other])
    assert len(first.rows) == 2
    assert second.apart == f"This table is separate from table 1 because of {fact} another instead of {SETTING[fact]}."


def test_order_of_files_changes_nothing() -> None:
    entries = [BEST, CLOSE, FAR, entry("x", range(90), WIDER)]
    assert tables(entries) == tables(entries[::-1])


def test_json_holds_the_numbers_and_no_single_images() -> None:
    flagged = dataclasses.replace(FAR, flags=(LeaderboardFlag("zero gradients", "a third is zero"),))
    content = Leaderboard(tables([BEST, flagged])).to_dict()
    best, far = content["tables"][0]["networks"]
    assert best["worst_case"]["accuracy"] == 0.6
    assert (best["p_value"], best["as_good_as_the_best"], best["file"]) == (None, True, "best.json")
    assert far["flags"] == [{"name": "zero gradients", "explanation": "a third is zero"}]
    assert far["as_good_as_the_best"] is False
    assert content["tables"][0]["setting"] == SETTING


def test_networks_of_all_tables_are_rows() -> None:
    board = Leaderboard(tables([BEST, CLOSE, entry("x", range(90), WIDER)]))
    frame = board.to_pandas()
    assert list(zip(frame.table, frame.network, strict=True)) == [(1, "best"), (1, "close"), (2, "x")]
    assert frame.worst_case[0] == 0.6
    assert "<td>close</td>" in board._repr_html_()


def test_words_of_a_table() -> None:
    (table,) = tables([BEST, CLOSE, FAR])
    assert [against_the_best(row).replace("\u00a0", " ") for row in table.rows] == [
        "best",
        "indistinguishable, p = 0.062",
        "worse, p < 0.001",
    ]
    assert "2 of 3, including the best itself, are indistinguishable" in explanation(table)
    assert "400 images" in explanation(table)
    assert "distinguishable from all others" in explanation(tables([BEST, FAR])[0])
    assert "McNemar" not in explanation(tables([BEST])[0])
    assert headline([table]) == "3 evaluations, comparable with each other."
    assert "cannot be compared" in headline(tables([BEST, entry("x", range(90), WIDER)]))


def test_markdown_is_a_table_whatever_names_hold() -> None:
    hostile = entry("a|b <script> `x`\n# [y](z) *w*", range(100), flags=(LeaderboardFlag("f|lag", "<b>why</b>"),))
    text = markdown(tables([BEST, hostile]))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    assert len({len(line.replace("\\|", "").split("|")) for line in rows}) == 1
    assert "\\<script\\>" in text
    assert "<b>" not in text.replace("\\<", "")
    assert "\\*w\\* flagged: f\\|lag**" in text
    assert "**60.00 (55.1 to 64.7)**" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_markdown_of_several_tables_numbers_them() -> None:
    text = markdown(tables([BEST, CLOSE, entry("x", range(90), WIDER)]))
    assert "## Table 1: cifar10, linf, epsilon 8/255" in text
    assert "This table is separate from table 1 because of threat linf, epsilon 16/255" in text
