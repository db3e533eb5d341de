import re

import pytest

from rnas.report import _front_view as front_view
from rnas.report._front import members
from rnas.utils._metric import metrics_of


def run_with(run, accuracies, final_loss=0.0):
    """A run whose evaluations have these accuracies, and FLOPs that fall in the same order."""
    for place, (evaluation, accuracy) in enumerate(zip(run["evaluations"], accuracies, strict=True)):
        evaluation["metrics"] = {
            "robust_accuracy": accuracy,
            "test_robust_accuracy": accuracy - final_loss,
            "flops": (10 - place) * 1e6,
        }
    run["front"] = [evaluation["key"] for evaluation in run["evaluations"]]
    return run, [evaluation["key"] for evaluation in run["evaluations"]]


def said(run):
    metrics = metrics_of(run)
    return front_view.sentences(members(run, metrics), metrics)


def test_names_the_cheapest_member_as_good_as_the_best(run_of):
    run, keys = run_with(run_of(3, failures={}), (0.8, 0.79, 0.6))
    noise, cheapest, _ = said(run)
    assert "1 of 2 neighbours differ by less than the noise of the 447 test images" in noise
    assert f"is {keys[1]}: 9M FLOPs where the best, {keys[0]}, takes 10M" in cheapest


def test_names_no_cheaper_member_where_the_best_stands_alone(run_of):
    run, _ = run_with(run_of(2, failures={}), (0.8, 0.6))
    assert not any("cheapest" in sentence for sentence in said(run))


@pytest.mark.parametrize(("loss", "words"), [(0.02, "drops by 2.0 points"), (-0.01, "rises by 1.0 points")])
def test_says_what_became_of_the_test_score(run_of, loss, words):
    run, _ = run_with(run_of(2, failures={}), (0.8, 0.6), loss)
    assert any(words in sentence for sentence in said(run))


def table_of(run):
    metrics = metrics_of(run)
    return front_view.table(members(run, metrics), metrics)


def test_columns_follow_what_a_run_has(trained_run, table_run):
    shown = table_of(trained_run)
    assert shown.headings[:6] == ("key", "search", "test", "95 % interval", "", "drop")
    names = [name for name, _ in shown.groups]
    assert names[:3] == ["", "Robust accuracy \u2191", "FLOPs \u2193"]
    assert dict(shown.groups)["FLOPs \u2193"] == 1
    outside = shown.outside_pages().headings
    assert outside == ("key", "Robust accuracy \u2191", "test", "95 % interval", "drop", "FLOPs \u2193", "architecture")
    assert table_of(table_run).groups == [("", 1), ("pgd_8 \u2191", 1), ("flops_m \u2193", 1), ("", 1)]


def test_whiskers_of_a_metric_share_one_scale(trained_run):
    front = members(trained_run, metrics_of(trained_run))
    for member, row in zip(front, table_of(trained_run).body, strict=True):
        line = re.search(r'x1="([\d.]+)".* x2="([\d.]+)"', row[4].picture)
        assert line is not None
        left, right = map(float, line.groups())
        assert 0 <= left < right <= 150
        share = member.objectives[0].share
        ends = [s for m in front for s in (m.objectives[0].share.low, m.objectives[0].share.high)]
        ends += [m.objectives[0].search for m in front]
        expected = 6 + 138 * (share.low - min(ends)) / (max(ends) - min(ends))
        assert left == pytest.approx(expected, abs=0.01)


def test_drop_is_signed_and_never_minus_zero(run_of):
    run, _ = run_with(run_of(2, failures={}), (0.8, 0.6), 1e-9)
    scores = [member.objectives[0] for member in members(run, metrics_of(run))]
    assert [front_view.drop_text(score) for score in scores] == ["0.0", "0.0"]
