from dataclasses import replace

import numpy as np
import pytest

from rnas.experiments.replications.analysis import LEVEL, ClaimVerdict, judge, overall
from rnas.experiments.replications.claim import Claim, Contrast, RankCorrelation
from rnas.experiments.replications.contrasts import difference, slope
from rnas.experiments.replications.design import DesignCell, Size, find
from rnas.networks.block import POST, PRE
from tests.rnas.experiments.replications.simulated import SMALL, judged_scores, scores

DRAWS = 100
MOST_FALSE = 11
"""Most errors of 100 simulations that may each be wrong with 5 %: more happen in fewer than 1 % of all cases."""

TRENDS = ("depth-grid", "robust-wrn-depths")


def topology_effect(cell: DesignCell) -> float:
    """What the paper says of blocks, in accuracies."""
    topology, largest = cell.factors["topology"], cell.factors["capacity"] == "D 3, W 3"
    better = {"basic": 0.0, "bottleneck": 0.1 if largest else -0.1, "inverted-bottleneck": -0.2, "no-residual": -0.1}
    loss = 0.2 if topology == "basic" else 0.0
    return better[str(topology)] - (loss if cell.factors["activation"] == "post" else 0.0)


@pytest.mark.parametrize("seeds", [2, 3])
def test_true_effects_are_found_and_their_opposites_contradicted(seeds: int) -> None:
    replication = find("block-topology")
    cells = replication.design(SMALL)
    for draw in range(20):
        simulated = scores(cells, seeds, draw, topology_effect, noise=0.01)
        findings = judge(replication.claims(cells), judged_scores(replication, simulated))
        assert overall(findings) is ClaimVerdict.SUPPORTED
        findings = judge(replication.claims(cells), judged_scores(replication, 1 - simulated))
        assert {finding.verdict for finding in findings} == {ClaimVerdict.CONTRADICTED}


@pytest.mark.parametrize(("name", "unequal"), [("block-topology", 0.0), ("robust-res-block", 0.7)])
def test_comparisons_stay_undecided_on_noise(name: str, unequal: float) -> None:
    replication = find(name)
    cells = replication.design(SMALL)
    claims = replication.claims(cells)
    wrong = 0
    for draw in range(DRAWS):
        noise = scores(cells, replication.seeds, draw, unequal=unequal)
        wrong += any(f.verdict is not ClaimVerdict.UNDECIDED for f in judge(claims, judged_scores(replication, noise)))
    assert wrong <= MOST_FALSE


@pytest.mark.parametrize("name", TRENDS)
def test_trends_stay_undecided_on_networks_that_differ_for_other_reasons(name: str) -> None:
    replication = find(name)
    cells = replication.design(SMALL)
    claims = [claim for claim in replication.claims(cells) if not isinstance(claim.estimand, RankCorrelation)]
    wrong = 0
    for draw in range(DRAWS):
        other = dict(zip(map(id, cells), np.random.default_rng([draw, 1]).normal(0, 0.05, len(cells)), strict=True))
        noise = scores(cells, replication.seeds, draw, lambda cell, other=other: other[id(cell)], noise=0.01)
        wrong += any(f.verdict is not ClaimVerdict.UNDECIDED for f in judge(claims, judged_scores(replication, noise)))
    assert wrong <= MOST_FALSE


def test_a_true_trend_is_found() -> None:
    replication = find("depth-grid")
    cells = replication.design(SMALL)

    def effect(cell: DesignCell) -> float:
        return -0.3 * cell.number("share of stage 3") - 0.3 * cell.number("unevenness")

    findings = judge(replication.claims(cells), judged_scores(replication, scores(cells, 2, 0, effect, noise=0.01)))
    assert [finding.verdict for finding in findings[1:]] == [ClaimVerdict.SUPPORTED] * 2
    assert findings[1].estimate is not None
    assert findings[1].estimate.value * findings[1].claim.scale == pytest.approx(-3, abs=1)


def test_a_rank_correlation_is_held_to_its_bound() -> None:
    cells = find("robust-wrn-depths").design(Size("paper", (3, 32, 32), 10))
    params = tuple(cell.number("params") for cell in cells)
    claim = Claim("", RankCorrelation(params), "within", bound=0.3, scale=1.0)

    def verdict(effect: float, noise: float) -> ClaimVerdict:
        values = scores(cells, 2, 0, lambda cell: effect * np.log(cell.params), noise=noise)
        return judge([claim], {claim.metric: values})[0].verdict

    assert verdict(0.1, 0.01) is ClaimVerdict.CONTRADICTED
    assert verdict(-0.1, 0.01) is ClaimVerdict.CONTRADICTED
    assert verdict(0.0, 0.01) is ClaimVerdict.SUPPORTED
    assert judge([replace(claim, bound=0.02)], {claim.metric: scores(cells, 2, 0)})[0].verdict is ClaimVerdict.UNDECIDED


def test_an_interval_leaves_the_bound_out_exactly_where_holm_decides() -> None:
    replication = find("block-topology")
    cells = replication.design(SMALL)
    for draw in range(50):
        values = scores(cells, 3, draw, lambda cell: 0.3 * topology_effect(cell))
        for finding in judge(replication.claims(cells), judged_scores(replication, values)):
            outside = finding.low > finding.claim.bound or finding.high < finding.claim.bound
            assert outside == (finding.p_value <= LEVEL) == (finding.verdict is not ClaimVerdict.UNDECIDED)
            assert finding.confidence >= 1 - LEVEL


def test_what_a_seed_does_to_all_cells_is_no_noise() -> None:
    cells = find("block-topology").design(SMALL)
    contrast = difference(cells, {"activation": PRE}, {"activation": POST})
    values = scores(cells, 3, 0)
    shifted = values + np.array([0.0, 0.3, -0.3])
    one, other = contrast.estimate(values), contrast.estimate(shifted)
    assert not isinstance(one, str)
    assert not isinstance(other, str)
    assert other.value == pytest.approx(one.value)
    assert other.standard_error == pytest.approx(one.standard_error)


def test_a_cell_without_a_result_takes_its_pair_with_it() -> None:
    cells = find("block-topology").design(SMALL)
    contrast = difference(cells, {"activation": PRE}, {"activation": POST}, {"topology": "basic"})
    values = scores(cells, 2, 0)
    values[0, 1] = np.nan
    found = contrast.estimate(values)
    assert not isinstance(found, str)
    assert (found.used, found.unused) == (2, 1)
    kept = [cell.factors["capacity"] for cell in cells].index("D 2, W 2")
    expected = [values[row].mean() - values[row + 1].mean() for row in (kept, 14)]
    assert found.value == pytest.approx(np.mean(expected))
    values[:] = np.nan
    (finding,) = judge([Claim("", contrast)], {"test_robust_accuracy": values})
    assert (finding.verdict, finding.reason) == (ClaimVerdict.UNDECIDED, "no cells to compare are complete")


def test_one_seed_and_equal_results_decide_nothing() -> None:
    cells = find("block-topology").design(SMALL)
    contrast = difference(cells, {"activation": PRE}, {"activation": POST})
    assert contrast.estimate(scores(cells, 1, 0)) == "one seed shows no noise; train with two or more"
    assert contrast.estimate(np.full((len(cells), 3), 0.1)) == "the results do not vary"


def test_a_slope_is_that_of_least_squares() -> None:
    cells = find("robust-wrn-stages").design(SMALL)
    where = {"changed": ("depth of stage 1", "nothing")}
    values = scores(cells, 2, 0, lambda cell: 0.04 * cell.number("D1"))
    found = slope(cells, "D1", where).estimate(values)
    rows = [row for row, cell in enumerate(cells) if cell.factors["changed"] in where["changed"]]
    expected = np.polyfit([cells[row].number("D1") for row in rows], values[rows].mean(axis=1), 1)[0]
    assert not isinstance(found, str)
    assert found.value == pytest.approx(expected)


def test_a_mean_counts_what_seeds_do_as_noise() -> None:
    values = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    found = Contrast((((0, 1.0),), ((1, 1.0),))).estimate(values)
    assert not isinstance(found, str)
    assert found.value == pytest.approx(1)
    assert found.standard_error == pytest.approx(np.sqrt(1 / 6))
