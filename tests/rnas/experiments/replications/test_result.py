import numpy as np
import pytest

from rnas.experiments.replications._resolve import resolve_settings
from rnas.experiments.replications.analysis import judge
from rnas.experiments.replications.claim import Claim, MetricCorrelation
from rnas.experiments.replications.result import judged, table_column
from rnas.statistics._ranks import kendall_tau
from tests.rnas.report.test_replication import records


def test_a_replication_is_a_line_and_a_small_table() -> None:
    settings = resolve_settings("block-topology", seeds=2)
    found = judged(settings, settings.design(), records(settings, failed=2))
    assert repr(found) == f"<ReplicationResult 'block-topology': {found.verdict}>"
    shown = found._repr_html_()
    assert all(claim["statement"].split(":")[0] in shown for claim in found.claims)
    assert shown.count("<tr>") == 1 + len(found.claims)


def test_a_column_has_intervals_of_the_noise_of_seeds_and_letters_of_what_it_tells_apart() -> None:
    rng = np.random.default_rng(0)
    values = np.array([0.5, 0.52, 0.9, np.nan])[:, None] + 0.01 * rng.normal(size=(4, 3))
    column = table_column(values, "test_robust_accuracy")
    assert [one["letters"] for one in column] == ["b", "b", "a", ""]
    assert column[3] == {"mean": None, "low": None, "high": None, "letters": ""}
    for one, own in zip(column[:3], values, strict=False):
        assert one["mean"] == pytest.approx(own.mean())
        assert 0.005 < one["mean"] - one["low"] < 0.05
    assert {one["letters"] for one in table_column(values, "sparsity")} == {""}
    # One seed shows no noise.
    assert [one["low"] for one in table_column(values[:, :1], "sparsity")] == [None] * 4


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    covered = [
        one["low"] < 0.5 < one["high"]
        for _ in range(100)
        for one in table_column(0.5 + 0.02 * rng.normal(size=(8, 3)), "test_robust_accuracy")
    ]
    assert 0.92 < np.mean(covered) < 0.99


def test_the_rank_correlation_with_another_metric_needs_both_of_eight_networks() -> None:
    rng = np.random.default_rng(0)
    sparsity = rng.random((9, 3))
    accuracy = sparsity + 0.3 * rng.normal(size=(9, 3))
    claim = Claim("sparser is better", MetricCorrelation("sparsity"), metric="accuracy", unit="tau", scale=1.0)
    assert claim.metrics == ("accuracy", "sparsity")
    (found,) = judge([claim], {"accuracy": accuracy, "sparsity": sparsity})
    assert found.estimate is not None
    assert found.estimate.used == 9
    assert found.estimate.value == kendall_tau(sparsity.mean(axis=1), accuracy.mean(axis=1))
    assert found.low < found.estimate.value < found.high
    sparsity[:2] = np.nan
    (found,) = judge([claim], {"accuracy": accuracy, "sparsity": sparsity})
    assert found.reason == "fewer than 8 different networks are complete"
