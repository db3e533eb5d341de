"""RobNet's search: the filter by FSP distance, and the findings on networks whose relations are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baselines.robnet_findings import FSP, direct_convolutions, findings
from baselines.robnet_search import RobNetFilter, RobNetMethod, RobNetResult
from rnas.errors import InputError
from rnas.experiment import open_experiment
from rnas.experiments import resolve
from rnas.nas.search import Search, search
from rnas.nas.strategy import View
from rnas.networks.architecture import Architecture
from rnas.networks.robnet import RobNetwork
from tests.rnas.experiments_small import robnet_search

SPACE = {"name": "robnet", "layers": 4, "channels": [2]}


def known(architecture: Architecture) -> dict[str, float]:
    """Robust accuracy grows with density, and the FSP distance falls with it."""
    assert isinstance(architecture, RobNetwork)
    [code] = architecture.codes
    density = sum(code[2 * edge : 2 * edge + 2] != "00" for edge in range(14)) / 14
    return {"robust_accuracy": density, FSP: 1 - density, "fsp_distance_mean": density}


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("robnet") / "paths"
    # The function is an object, so that its evaluations are read and never imported.
    objectives = [
        {"metric": "robust_accuracy", "direction": "maximize", "reference": 0},
        {"metric": "flops", "direction": "minimize"},
    ]
    search(
        {}, space=SPACE, evaluator=known, strategy="random", objectives=objectives, budget=30, output=path, workers=0
    )
    return path


def filter_of(sampled: Path, **options: Any) -> RobNetFilter:
    problem = Search.open(sampled).recorded.problem
    return RobNetFilter(problem, str(sampled), **options)


def view_of(strategy: RobNetFilter, pending: Any) -> View:
    none = np.empty((0, 14), dtype=np.int64)
    return View(none, {}, np.empty(0, dtype=bool), pending=none if pending is None else pending)


def test_the_filter_proposes_what_an_attack_changes_least(sampled: Path) -> None:
    records = Search.open(sampled).result().complete
    strategy = filter_of(sampled, keep=0.4)
    first = strategy.propose(5, view_of(strategy, None), np.random.default_rng(0))
    genomes = np.stack([proposal.genome for proposal in first])
    rest = strategy.propose(99, view_of(strategy, genomes), np.random.default_rng(0))
    space = Search.open(sampled).recorded.space
    best = sorted(records, key=lambda record: (record.metrics[FSP], record.number))[:12]
    found = [tuple(proposal.genome) for proposal in (*first, *rest)]
    assert found == [tuple(space.encode(record.architecture)) for record in best]
    assert set(strategy.inputs) == {"search"}


def test_findings_on_networks_whose_relations_are_known(sampled: Path) -> None:
    found = findings(sampled)
    assert (found.density.value, found.density.low) == pytest.approx((1, 1))
    assert found.density_at_size.value == pytest.approx(1)
    assert (found.fsp_last.value, found.fsp_mean.value) == pytest.approx((-1, 1))
    assert [budget.networks for budget in found.budgets] == [10, 10, 10]
    assert found.budgets[0].params[1] <= found.budgets[2].params[0]
    assert len(found.rows()) == 7
    assert found.sentences()[0] == (
        "Density and robust accuracy: tau +1.00 (95 % interval +1.00 to +1.00), as the paper found."
    )


def test_direct_edges_are_those_from_the_inputs_of_a_cell() -> None:
    # Of the eight direct edges those into the first node have convolutions; that from node 2 to 3 is no direct one.
    code = "0101" + "000001" + "0" * 18
    assert direct_convolutions(RobNetwork((code,), 4, 2)) == 2 / 8


def test_what_cannot_be_filtered_is_refused(sampled: Path) -> None:
    with pytest.raises(InputError, match="keep is 0; it is a share"):
        filter_of(sampled, keep=0)
    with pytest.raises(InputError, match=r"rung is 3; .* has rungs 0 to 0"):
        findings(sampled, rung=3)
    with pytest.raises(InputError, match="is not an experiment"):
        findings(sampled.parent)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> RobNetResult:
    path = tmp_path_factory.mktemp("robnet") / "search"
    return robnet_search(path).run(workers=0)


def test_the_whole_search_filters_tunes_and_derives_networks_of_each_size(searched: RobNetResult) -> None:
    assert searched.complete
    assert [one.name for one in searched.variants] == ["small", "medium", "large", "free"]
    sizes = [one.record.metrics["params"] for one in searched.variants[:3]]
    assert sizes == sorted(sizes)
    kept = sorted(searched.paths, key=lambda record: (record.metrics[FSP], record.number))[: len(searched.free)]
    assert {record.key for record in searched.free} == {record.key for record in kept}
    assert len(searched.free) == 2
    report = (searched.path / "report.html").read_text()
    assert "Development of the ranking" in report
    assert "too few networks" in report


def test_the_supernet_is_charged_once_and_a_search_can_be_taken_at_less_cost(searched: RobNetResult) -> None:
    shared = open_experiment(searched.path / "supernet").result().cost
    parts = [Search.open(searched.path / name).result().cost for name in ("cells", "paths", "free")]
    assert searched.cost.images == sum(part.images for part in parts if part) - 2 * shared.images
    whole = resolve(searched.path)
    assert whole.architecture == searched.architecture
    assert whole.search_cost == searched.cost
    first = Search.open(searched.path / "cells").result().costs
    assert first is not None
    least = resolve(searched.path, first[0].images + first[1].images)
    assert least.architecture == searched.cells[0].architecture
    assert least.search_cost is not None
    assert least.search_cost.images == first[0].images + first[1].images
    with pytest.raises(InputError, match="has no fine-tuned network at a cost of 1 images"):
        resolve(searched.path, 1)


def test_budgets_divide_networks_by_parameters(searched: RobNetResult) -> None:
    limit = int(searched.cells[0].metrics["params"])
    method = searched.settings.method.model_copy(update={"budgets": (limit, limit + 1)})
    other = replace(searched, settings=searched.settings.model_copy(update={"method": method}))
    assert all((one.record.metrics["params"] <= limit) == (one.name == "small") for one in other.variants[:-1])
    with pytest.raises(ValueError, match="give the smaller one first"):
        RobNetMethod(budgets=(2, 1))
