import json
from itertools import pairwise

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import SMALLEST_LEVEL, RankedShares, rank
from tests.rnas.scaling_rules.grids import depth_grid, design, shuffled, small_grid, width_grid

GRID = small_grid()


def ranked_depths(score: np.ndarray) -> RankedShares:
    depth = rank(GRID.with_score(score)).depth
    assert depth is not None
    return depth


def score_of(**scores: float) -> np.ndarray:
    """Of the grid of 27 depths: given for depths such as ``d123``, else 0.5."""
    return np.array([scores.get("d" + "".join(f"{d:g}" for d in depths), 0.5) for depths in GRID.depths])


def test_the_best_and_the_worst_of_each_total() -> None:
    ranked = ranked_depths(score_of(d221=0.9, d113=0.1, d321=0.8, d213=0.2, d331=0.7, d133=0.3, d222=0.6))
    five, six, seven = ranked.levels
    assert [(level.low, level.high, level.networks) for level in ranked.levels] == [(5, 5, 6), (6, 6, 7), (7, 7, 6)]
    assert (five.top.shares, five.top.score, five.top.networks) == ((0.4, 0.4, 0.2), 0.9, 1)
    assert (five.bottom.shares, five.bottom.score) == ((0.2, 0.2, 0.6), 0.1)
    assert five.uniform is None
    assert six.top.shares == pytest.approx((3 / 6, 2 / 6, 1 / 6))
    assert six.uniform is not None
    assert six.uniform.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert (six.uniform.score, six.uniform.place, six.uniform.networks) == (0.6, pytest.approx(5 / 6), 1)
    assert seven.bottom.shares == pytest.approx((1 / 7, 3 / 7, 3 / 7))
    assert (seven.top.place, seven.bottom.place) == (1, 0)


def test_levels_weigh_the_same_in_the_average() -> None:
    ranked = ranked_depths(score_of(d221=0.9, d321=0.8, d331=0.7, d222=0.6))
    assert ranked.top.shares == pytest.approx(
        np.mean([(0.4, 0.4, 0.2), (3 / 6, 2 / 6, 1 / 6), (3 / 7, 3 / 7, 1 / 7)], 0)
    )
    assert ranked.top.score == pytest.approx(0.8)
    assert ranked.top.networks == 3
    assert ranked.uniform is not None
    assert ranked.uniform.score == 0.6


def test_levels_of_few_networks_are_left_out() -> None:
    ranked = ranked_depths(score_of())
    assert [level.low for level in ranked.levels] == [5, 6, 7]
    assert ranked.left_out == 1 + 3 + 3 + 1
    assert not ranked.binned


def test_all_that_tie_with_the_last_are_in_the_group() -> None:
    five = ranked_depths(score_of(d221=0.9, d212=0.9, d122=0.9)).levels[0]
    assert five.top.networks == 3
    assert five.top.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert five.bottom.networks == 3
    assert (five.top.place, five.bottom.place) == (pytest.approx(0.8), pytest.approx(0.2))


def test_a_tenth_of_a_level_is_top_ranked() -> None:
    grid = depth_grid()
    ranked = rank(grid.with_score(np.arange(343.0))).depth
    assert ranked is not None
    counts = {level.networks: level.top.networks for level in ranked.levels}
    assert {6: 1, 15: 2, 24: 2, 27: 3}.items() <= counts.items()
    assert all(level.top.networks == level.bottom.networks for level in ranked.levels)


def test_kendalls_tau_of_total_and_score() -> None:
    totals = GRID.depths.sum(axis=1)
    assert ranked_depths(totals).tau == pytest.approx(1)
    assert ranked_depths(-totals).tau == pytest.approx(-1)
    noise = ranked_depths(np.random.default_rng(0).standard_normal(27))
    assert noise.tau is not None
    assert abs(noise.tau) < 0.4
    assert noise.p_value is not None
    assert noise.p_value > 0.01
    assert (ranked_depths(score_of()).tau, ranked_depths(score_of()).p_value) == (None, None)


def test_a_network_counts_once_with_the_mean_of_its_scores() -> None:
    score = score_of(d221=0.9, d212=0.8)
    twice = GRID.with_score(score)[np.array([*range(27), *np.flatnonzero(score == 0.9)])]
    lucky = twice.score.copy()
    lucky[-1] = 0.1
    five = rank(twice.with_score(lucky)).depth
    assert five is not None
    assert five.levels[0].networks == 6
    assert five.levels[0].top.shares == pytest.approx((0.4, 0.2, 0.4))
    assert five.levels[0].bottom.networks == 5
    assert five.levels[0].bottom.score == pytest.approx(0.5)


def test_the_order_of_evaluations_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    observations = width_grid().with_score(rng.integers(0, 20, 512) / 20)
    assert rank(shuffled(observations, rng)) == rank(observations)


def test_totals_that_hardly_repeat_make_bins() -> None:
    rng = np.random.default_rng(2)
    widths = rng.integers(16, 320, (95, 3)) / 16
    ranked = rank(design(np.full((95, 3), 2.0), widths).with_score(widths[:, 0])).width
    assert ranked is not None
    assert ranked.binned
    assert len(ranked.levels) == 9
    assert {level.networks for level in ranked.levels} <= set(range(8, 14))
    assert sum(level.networks for level in ranked.levels) == 95
    assert all(one.high < two.low for one, two in pairwise(ranked.levels))
    assert ranked.levels[0].low == pytest.approx(widths.sum(axis=1).min())
    assert ranked.uniform is None
    assert ranked.top.shares[0] > 0.5 > 0.2 > ranked.bottom.shares[0]


def test_equal_totals_are_in_one_bin() -> None:
    widths = np.array([(w, w + 1, 2 * w) for w in range(1, 17)] + [(3, 3, 3), (2, 4, 3), (4, 2, 3), (4, 3, 2)]) / 2
    ranked = rank(design(np.ones_like(widths), widths).with_score(np.arange(20.0))).width
    assert ranked is not None
    assert ranked.binned
    nine = [level for level in ranked.levels if level.low <= 4.5 <= level.high]
    assert len(nine) == 1


def test_what_no_level_can_show_is_none() -> None:
    ranking = rank(GRID)
    assert ranking.width is None
    assert ranking.depth is not None
    assert ranking.rule.widths == (1, 1, 1)
    assert ranking.rule.depths == ranking.depth.top.shares
    assert ranking.rule.depth_to_width == pytest.approx(7 / 3)
    wide = rank(width_grid().with_score(np.arange(512.0)))
    assert wide.depth is None
    assert wide.rule.depths == (1, 1, 1)
    assert wide.width is not None


@pytest.mark.parametrize("stages", [2, 4])
def test_two_and_four_stages(stages: int) -> None:
    grid = small_grid((1, 2, 3, 4, 5), stages)
    ranked = rank(grid.with_score(-grid.depths[:, -1])).depth
    assert ranked is not None
    assert sum(ranked.top.shares) == pytest.approx(1)
    assert ranked.top.shares[-1] < 1 / stages < ranked.bottom.shares[-1]


@pytest.mark.parametrize(
    "observations",
    [
        GRID[np.arange(SMALLEST_LEVEL - 1)],
        design(np.tile(np.arange(1.0, 11)[:, None], (1, 3)), np.ones((10, 3))),
        GRID[np.zeros(20, dtype=np.int64)],
    ],
    ids=["few", "same-shares", "one-network"],
)
def test_nothing_to_rank(observations: Observations) -> None:
    with pytest.raises(InputError, match="no 5 with different shares have the same total depth or width"):
        rank(observations)


def test_as_json() -> None:
    ranked = ranked_depths(score_of(d222=0.6))
    content = json.loads(json.dumps(ranked.to_dict(), allow_nan=False))
    assert content["of"] == "depth"
    assert content["metric"] == "score"
    assert content["levels"][1]["uniform"]["score"] == 0.6
    assert content["top"]["shares"] == list(ranked.top.shares)
    assert content["uniform"]["networks"] == 1
    nothing = rank(small_grid((1, 4), 3)[np.array([1, 2, 3, 4, 5, 6])].with_score(np.arange(6.0)))
    assert nothing.depth is not None
    assert nothing.depth.to_dict()["uniform"] is None
