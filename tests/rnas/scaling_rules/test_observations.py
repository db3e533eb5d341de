"""Observations from a run, and their shares."""

from pathlib import Path

import numpy as np
import pytest

import rnas
from rnas import registry
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.scaling_rules import fit
from rnas.scaling_rules.observations import Observations


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    path: Path = tmp_path_factory.mktemp("runs") / "run"
    return rnas.search(space="digits-bench", strategy="random", budget=40, output=path)


def test_a_run_is_read_as_numbers(run: SearchResult) -> None:
    found = Observations.from_run(run)
    assert len(found) == 40
    assert found.metric == "robust_accuracy"
    assert (found.score == [record.metrics["robust_accuracy"] for record in run.records]).all()
    assert (found.flops == [record.metrics["flops"] for record in run.records]).all()
    assert (found.params == [record.metrics["params"] for record in run.records]).all()
    assert set(np.unique(found.depths)) <= {1, 2, 3}
    # In the papers' units: this space's base channels are a quarter of theirs.
    assert set(np.unique(found.widths)) <= {0.25, 0.5}
    assert found.keys == tuple(record.key for record in run.records)
    assert found.blocks.keys() == {"topology", "activation"}


def test_shares_sum_to_one(run: SearchResult) -> None:
    found = Observations.from_run(run)
    assert np.allclose(found.depth_shares.sum(axis=1), 1)
    assert np.allclose(found.width_shares.sum(axis=1), 1)
    totals = found.depths.sum(axis=1), found.widths.sum(axis=1)
    assert np.allclose(found.depth_to_width, totals[0] / (totals[0] + totals[1]))


def test_some_rows_keep_what_varies_among_them(run: SearchResult) -> None:
    found = Observations.from_run(run)
    relu = np.flatnonzero(found.blocks["activation"] == "relu")
    some = found[relu]
    assert len(some) == len(relu)
    assert some.blocks.keys() <= {"topology"}
    assert some.keys == tuple(found.keys[row] for row in relu)


def test_another_metric_may_be_the_score(run: SearchResult) -> None:
    assert Observations.from_run(run, "clean_accuracy").metric == "clean_accuracy"
    with pytest.raises(InputError, match=r"it has .*robust_accuracy"):
        Observations.from_run(run, "speed")


def test_a_rule_of_forty_evaluations_claims_little(run: SearchResult) -> None:
    rules = fit(run)
    assert rules.fitted == 40
    assert not rules.drifts
    assert len(rules.to_dict()["families"]) == len(rules.families) == 3
    assert len(rules.rule.depths) == 3
    # Digits and forty networks decide nothing about the published shares.
    assert all("RobustScaling" not in family.verdict.value for family in rules.families[:2])


def test_cells_have_no_stages() -> None:
    cls = registry.load(registry.SEARCH_SPACES, "nas-bench-201")
    space = cls(cls.Settings(), (3, 32, 32), 10)
    cell = space.decode(space.sample(1, np.random.default_rng(0))[0])
    evaluation = Evaluation(Status.COMPLETE, {"accuracy": 0.3})
    record = Record(0, arch.key(cell), cell, 0, {}, 0, 0, evaluation=evaluation)
    with pytest.raises(InputError, match=r"nas-bench-201.*no stages"):
        Observations.from_records("accuracy", [record], [1], [1])
