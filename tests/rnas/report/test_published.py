from collections.abc import Callable
from typing import Any

import pytest

from rnas.networks.zoo import find
from rnas.report._published import published
from rnas.utils._metric import metrics_of

Run = dict[str, Any]


def near(run: Run, flops: float, data: str = "cifar10", epsilon: str = "8/255") -> Run:
    """A run whose networks have these FLOPs on such data."""
    for evaluation in run["evaluations"]:
        evaluation["provenance"]["data"] |= {"name": data, "input_shape": [3, 32, 32]}
        evaluation["provenance"]["evaluation"]["epsilon"] = epsilon
        evaluation["metrics"]["flops"] = flops
    return run


def test_rows_stand_at_their_own_cost_with_the_numbers_as_printed(run_of: Callable[..., Run]) -> None:
    run = near(run_of(3, failures={}), 5e9)
    metrics = metrics_of(run)
    row = next(row for row in published(run, metrics) if row["network"] == "robust-resnet-a1")
    values = dict(zip((metric.name for metric in metrics), row["values"], strict=True))
    assert values["flops"] == find("robust-resnet-a1").cost.flops
    assert values["robust_accuracy"] == values["test_robust_accuracy"] == pytest.approx(0.5874)
    assert values["clean_accuracy"] == pytest.approx(0.8546)
    assert values["robust_margin"] is None
    assert "TRADES" in row["text"]
    assert "Table 2" in row["text"]
    assert dict(zip(values, row["texts"], strict=True))["robust_accuracy"] == "58.7\u00a0%"


def test_networks_far_from_the_run_are_left_out(run_of: Callable[..., Run]) -> None:
    run = near(run_of(3, failures={}), 300e6)
    costs = {row["network"]: find(row["network"]).cost.flops for row in published(run, metrics_of(run))}
    assert "resnet-18" in costs
    assert all(150e6 <= flops <= 600e6 for flops in costs.values())


@pytest.mark.parametrize(("data", "epsilon"), [("svhn", "8/255"), ("cifar10", "4/255")])
def test_other_data_and_other_attacks_have_none(run_of: Callable[..., Run], data: str, epsilon: str) -> None:
    run = near(run_of(3, failures={}), 5e9, data, epsilon)
    assert published(run, metrics_of(run)) == []


def test_a_run_without_flops_has_none(table_run: Run) -> None:
    assert published(table_run, metrics_of(table_run)) == []
