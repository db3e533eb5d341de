from collections import Counter

import numpy as np
import pytest
import torch

from rnas import registry
from rnas.errors import InputError
from rnas.experiments.replications._resolve import resolve_settings
from rnas.experiments.replications.design import Size, find, replications, require_distinct, stratified
from rnas.experiments.replications.run import cell_groups, evaluator_for
from rnas.networks import architecture as arch
from tests.rnas.experiments.replications.simulated import SMALL

SLOW = ("depth-to-width", "scalings")
"""They bring networks to FLOPs by trying thousands."""

NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in registry.names(registry.REPLICATIONS)
]


@pytest.mark.parametrize("name", NAMES)
def test_a_design_on_digits_can_be_trained_and_judged(name: str) -> None:
    replication, settings = find(name), resolve_settings(name)
    assert replication.name == name
    cells = settings.design()
    require_distinct(cells)
    networks = Counter((arch.key(cell.architecture), str(dict(cell.recipe))) for cell in cells)
    assert max(networks.values()) == 1
    for cell in cells:
        cost = cell.architecture.cost((1, 8, 8), 10)
        assert (cell.flops, cell.params) == (cost.flops, cost.params)
        assert cell.flops < 3_000_000
    with torch.device("meta"):
        cells[0].architecture.build(10, (1, 8, 8))
        cells[-1].architecture.build(10, (1, 8, 8))
    claims = replication.claims(cells)
    assert len({claim.statement for claim in claims}) == len(claims) > 1
    recipes = [changes for changes, _ in cell_groups(cells)]
    evaluators = [evaluator_for(settings, cells, changes) for changes in (recipes[0], recipes[-1])]
    for metric in {replication.figure.metric, *(claim.metric for claim in claims)}:
        assert all(metric in evaluator.bounds for evaluator in evaluators)
    drawn = {replication.figure.x, *replication.figure.colour} - {"FLOPs", "params"}
    assert all(drawn <= set(cell.factors) for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in registry.names(registry.REPLICATIONS) if name != "depth-to-width"])
def test_the_paper_s_own_size_has_a_design_too(name: str) -> None:
    replication = find(name)
    cells = replication.design(Size("paper", (3, 32, 32), 10))
    require_distinct(cells)
    assert replication.claims(cells)


def test_published_grids_have_their_published_numbers() -> None:
    paper = Size("paper", (3, 32, 32), 10)
    counts = {name: len(find(name).design(paper)) for name in ("depth-grid", "width-grid", "robust-wrn-depths")}
    assert counts == {"depth-grid": 343, "width-grid": 512, "robust-wrn-depths": 125}


def test_published_networks_are_in_their_studies() -> None:
    paper = Size("paper", (3, 32, 32), 10)
    table = {cell.factors["block"]: cell for cell in find("robust-res-block").design(paper)}
    assert [round(cell.params / 1e6) for cell in table.values()] == [267, 265, 265, 262, 270]
    gammas = [cell.params for cell in find("robust-wrn-scaling").design(paper)]
    assert [round(params / 1e6, 2) for params in gammas[:5]] == [1.07, 4.27, 17.05, 38.33, 68.12]


@pytest.mark.slow
def test_shares_of_depth_are_near_what_they_are_called() -> None:
    for cell in find("depth-to-width").design(SMALL):
        network = cell.architecture
        width = sum(np.array(network.channels) / (2, 4, 8))
        share = sum(network.depths) / (sum(network.depths) + width)
        assert share == pytest.approx(cell.number("r_D"), abs=0.06)


@pytest.mark.slow
def test_networks_of_one_budget_have_its_flops() -> None:
    cells = find("scalings").design(SMALL)
    for budget in {cell.factors["budget"] for cell in cells}:
        flops = [cell.flops for cell in cells if cell.factors["budget"] == budget]
        assert max(flops) / min(flops) < 1.2


def test_a_part_of_a_grid_is_drawn_evenly_and_always_the_same() -> None:
    replication = find("depth-grid")
    part = replication.design(SMALL, 14)
    assert part == replication.design(SMALL, 14)
    assert len(part) == 14
    assert set(map(id, part)) < set(map(id, replication.design(SMALL)))
    assert Counter(stratified([1.0] * 10 + [2.0] * 3 + [3.0] * 10, 12)).total() == 12
    levels = np.array([1.0] * 10 + [2.0] * 3 + [3.0] * 10)
    assert Counter(levels[stratified(levels.tolist(), 12)]) in (
        Counter({1.0: 5, 2.0: 3, 3.0: 4}),
        Counter({1.0: 4, 2.0: 3, 3.0: 5}),
    )
    with pytest.raises(InputError, match="compares all its 21 cells with each other; leave cells out"):
        find("block-topology").design(SMALL, 10)


def test_families_of_networks_can_be_chosen_by_name() -> None:
    own = resolve_settings("robust-generalisation").design()
    assert [cell.factors["kind"] for cell in own] == ["attention"] * 4 + ["convolution"] * 4
    assert max(cell.flops for cell in own) < 2 * min(cell.flops for cell in own)
    chosen = resolve_settings("robust-generalisation", networks=["WRN-28-10", "resnet-18"])
    cells = chosen.design()
    assert [cell.factors["network"] for cell in cells] == ["wrn-28-10", "resnet-18"]
    assert all(abs(cell.flops / 1_000_000 - 1) < 0.2 for cell in cells)
    # Without attention there is nothing to compare it with.
    statements = [claim.statement for claim in chosen.definition.claims(cells)]
    assert all("Kendall's tau" in statement for statement in statements)
    assert chosen.fingerprint != resolve_settings("robust-generalisation").fingerprint
    with pytest.raises(InputError, match="replication depth-grid compares networks of its own; leave networks out"):
        resolve_settings("depth-grid", networks=["resnet-18"])
    with pytest.raises(InputError, match="resnet-19"):
        resolve_settings("robust-generalisation", networks=["resnet-19"]).design()


def test_a_replication_says_what_it_tests() -> None:
    for replication in replications():
        assert replication.paper
        assert replication.section
        assert replication.observation.endswith(".")
