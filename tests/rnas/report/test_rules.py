import json
from typing import Any

import pytest

from rnas.report import rules
from rnas.report._html import render
from rnas.scaling_rules.verdict import Verdict
from rnas.utils._metric import Metric
from tests.rnas.report.rules_content import DEPTHS, RATIO, WIDTHS, content, family, interval, quantity


def reason(verdict: Verdict, name: str = DEPTHS, **changes: Any) -> str:
    ((_, _, words),) = rules.verdict_sentences(content(family(name, verdict.value, **changes)))
    return words


def test_a_rule_that_is_found_is_told_with_its_worth_beside_the_published_one() -> None:
    told = reason(Verdict.AGREES)
    assert "D1:D2:D3 = 2.2 : 2.3 : 1, is worth +2.0 points [+1.0, +3.0] over the uniform network (p < .001)" in told
    assert "D3 .14 to .22 (published .20)" in told
    assert "published" not in reason(Verdict.IDENTIFIED, quantities=[quantity("D1", 0.4, None)])


def test_indistinguishable_effects_are_reported_as_such() -> None:
    noise = {"p_value": 0.3, "p_value_flops": 0.2}
    assert "indistinguishable from 0 given FLOPs and params (p .300) and also given FLOPs alone (p .200)" in reason(
        Verdict.NOT_IDENTIFIED, **noise
    )
    assert "the remaining effect is indistinguishable from 0 (p .300)" in reason(
        Verdict.CAPACITY, **{**noise, "p_value_flops": 0.001}
    )
    worthless = reason(Verdict.NOT_IDENTIFIED, gain=interval(0.001, -0.01, 0.012))
    assert "matter (p < .001), but the gain of the likeliest optimum, D1:D2:D3 = 2.2 : 2.3 : 1," in worthless
    assert "is indistinguishable from 0: +0.1 points" in worthless
    assert "are not all near RobustScaling and do not exclude it" in reason(Verdict.NOT_IDENTIFIED)


def test_edges_and_moving_optima_are_named() -> None:
    edge = reason(Verdict.EDGE, RATIO, quantities=[quantity("r_D", 0.67, 0.7, at_edge=0.99)])
    assert "r_D .67, is worth" in edge
    assert "r_D is best at an end of the searched range" in edge
    assert "moves between the rungs" in reason(Verdict.NOT_AT_THIS_FIDELITY, WIDTHS)


def test_the_verdict_says_how_many_evaluations_are_needed() -> None:
    found = content(family(DEPTHS, "not identified", evaluations_needed=1200), family(RATIO, "explained by capacity"))
    (_, verdict, _), (_, other, _) = rules.verdict_sentences(found)
    assert verdict == "not identified (about 1,200 evaluations like these needed)"
    weak = content(family(DEPTHS, "not identified", evaluations_needed=1200, needed_is_least=True))
    assert rules.summary(weak) == "Depth shares: not identified (at least 1,200 evaluations like these needed)."
    assert other == "explained by capacity"
    assert rules.summary(found) == f"Depth shares: {verdict}; depth to width: {other}."


def test_quantities_stand_beside_the_published_ones() -> None:
    table = rules.quantities_table(content(family(DEPTHS, "agrees with RobustScaling")))
    assert table.rows[0] == ("D1", ".40", ".36 to .44", ".40", "0%")
    assert len(table.headings) == len(table.rows[0])


def test_the_papers_estimate_with_its_measured_bias() -> None:
    found = content()
    table = rules.ranking_table(found, "depth")
    assert table is not None
    assert [row[0] for row in table.rows] == ["top tenth", "bottom tenth"]
    assert table.rows[0][1:5] == (".37", ".37", ".26", "1.4 : 1.4 : 1")
    told = " ".join(rules.ranking_sentences(found, "depth"))
    assert "2 levels of total depth, 4 to 7; 31 networks of other levels left out." in told
    assert "tau of total depth and robust accuracy: 0.15 (p .014)" in told
    assert "30% of the variance at equal FLOPs: 2 : 2 : 1 is estimated as 1.5 : 1.5 : 1." in told
    assert rules.ranking_table(found, "width") is None
    assert rules.ranking_sentences(found, "width") == []


def test_a_bias_where_shares_explain_nothing() -> None:
    found = content()
    found["ranking"]["biases"][0]["depth"]["signal"] = 0
    assert "explain no more of these scores than noise would" in " ".join(rules.ranking_sentences(found, "depth"))


def test_rivals_blocks_and_drifts() -> None:
    drift = {
        "quantity": "D3",
        "below_highest": 1,
        "optimum": interval(0.3, 0.2, 0.4),
        "shift": interval(0.1, 0.05, 0.2),
    }
    found = content(drifts=[drift | {"found": True}, drift | {"found": False}])
    assert dict(rules.explained_table(found).rows)["params"] == "none"
    assert (
        "FLOPs and shares predict 60% of the variance; the competing hypothesis, FLOPs and params, predicts 50%"
        in rules.explained_sentence(found)
    )
    blocks, drifts = rules.blocks_table(found), rules.drifts_table(found)
    assert blocks is not None
    assert drifts is not None
    assert [row[-2:] for row in blocks.rows] == [(".010", ""), (".400", "indistinguishable from 0")]
    assert blocks.rows[0][:4] == ("kernel size", "3", "90", "+1.0 points [+0.0, +2.0]")
    assert [row[-1] for row in drifts.rows] == ["moves", "indistinguishable from 0"]
    assert drifts.rows[0][3] == "+0.10 [+0.05, +0.20]"
    assert rules.blocks_table(content(blocks=[])) is None
    assert rules.drifts_table(content()) is None


def test_exponents() -> None:
    found = content(
        exponents={"depth": interval(0.3, 0.2, 0.4), "width": interval(0.35, 0.3, 0.4), "flops": [1e6, 1e8]}
    )
    assert "From 1M to 100M FLOPs" in rules.exponents_sentence(found)
    assert "FLOPs to the power 0.30 [0.20, 0.40]" in rules.exponents_sentence(found)
    assert "cannot be estimated" in rules.exponents_sentence(content())


def test_scores_that_are_no_accuracies_keep_their_unit() -> None:
    assert rules.gain_text(interval(-1e-9, -0.01, 1e-9), Metric("robust_accuracy", "proportion")) == (
        "+0.0 points [-1.0, +0.0]"
    )
    assert rules.gain_text(interval(0.5, 0.25, 1), Metric("robust_margin")) == "+0.5 [+0.25, +1]"


def test_a_part_of_the_evaluations_is_said_to_be_one() -> None:
    assert "150 evaluations of residual networks, 60K to 750K FLOPs, by robust accuracy." in rules.scope_sentence(
        content()
    )
    assert "fitted to 100 of them" in rules.scope_sentence(content(fitted=100))


@pytest.mark.parametrize(("known", "stale"), [(150, False), (10, True)])
def test_the_report_has_a_section_and_says_when_it_is_old(trained_run: dict[str, Any], known: int, stale: bool) -> None:
    found = json.loads(json.dumps(content(family(DEPTHS, "agrees with RobustScaling"), evaluations=known)))
    page = render({**trained_run, "rules": found})
    assert 'href="#rules"' in page
    assert "<dt>Depth shares: agrees with RobustScaling</dt>" in page
    assert ("Run rnas rules to update it" in page) == stale
    assert 'href="#rules"' not in render(trained_run)
