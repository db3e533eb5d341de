from collections.abc import Callable

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import rank
from rnas.scaling_rules.ranking_bias import Recovered, simulated_bias
from tests.rnas.scaling_rules.grids import depth_grid, design, small_grid, squared_distance, width_grid

PUBLISHED = Rule()
UNIFORM = (1 / 3, 1 / 3, 1 / 3)


@pytest.fixture(scope="module")
def depths() -> Observations:
    return depth_grid()


def synthetic(grid: Observations, rule: Rule, noise: float, seed: int = 0) -> Observations:
    """Return scores of a grid that a rule decides, in percent, with normal noise relative to their deviation."""
    distances = squared_distance(grid.depths, rule.depths) + squared_distance(grid.widths, rule.widths)
    drawn = np.random.default_rng(seed).standard_normal(len(grid))
    return grid.with_score(53 + np.log(grid.flops / grid.flops.mean()) - distances - noise * distances.std() * drawn)


def depth_rule(grid: Observations) -> Rule:
    """The published depths; of widths what the grid holds, which then decide nothing."""
    return Rule(PUBLISHED.depths, tuple(grid.widths[0]))


def test_a_true_2_2_1_is_estimated_near_half_of_its_way_on_the_papers_depths(depths: Observations) -> None:
    observations = synthetic(depths, depth_rule(depths), noise=1)
    bias = simulated_bias(observations, PUBLISHED, np.random.default_rng(1), draws=30)
    assert bias.width is None
    assert bias.depth is not None
    assert bias.depth.truth == (0.4, 0.4, 0.2)
    assert bias.depth.signal == pytest.approx(0.5, abs=0.08)
    first, second, third = bias.depth.mean
    assert first / third == pytest.approx(1.5, abs=0.15)
    assert second / third == pytest.approx(1.5, abs=0.15)
    # What the same estimate makes of the data, which have the same truth.
    estimate = rank(observations).depth
    assert estimate is not None
    for low, share, high in zip(bias.depth.low, estimate.top.shares, bias.depth.high, strict=True):
        assert low - 0.02 <= share <= high + 0.02


def test_of_the_papers_widths_as_well() -> None:
    grid = width_grid()
    observations = synthetic(grid, Rule(tuple(grid.depths[0]), PUBLISHED.widths), noise=1)
    bias = simulated_bias(observations, PUBLISHED, np.random.default_rng(1), draws=20)
    assert bias.depth is None
    assert bias.width is not None
    first, second, third = bias.width.mean
    assert 1.3 < first / third < 1.7
    assert 1.4 < second / third < 1.9


def test_without_noise_little_is_lost(depths: Observations) -> None:
    observations = synthetic(depths, depth_rule(depths), noise=0)
    bias = simulated_bias(observations, PUBLISHED, np.random.default_rng(1), draws=3)
    assert bias.depth is not None
    assert bias.depth.signal == pytest.approx(1)
    assert bias.depth.mean == pytest.approx((0.4, 0.4, 0.2), abs=0.03)
    assert bias.depth.mean[2] > 0.2


def test_where_shares_explain_nothing_the_design_alone_comes_back(depths: Observations) -> None:
    rng = np.random.default_rng(0)
    bias = simulated_bias(depths.with_score(rng.standard_normal(343)), PUBLISHED, rng, draws=30)
    assert bias.depth is not None
    assert bias.depth.signal < 0.05
    assert bias.depth.mean == pytest.approx(UNIFORM, abs=0.04)


def test_what_noise_explains_is_not_simulated() -> None:
    grid = small_grid()
    scores = np.random.default_rng(0).standard_normal((12, len(grid)))
    found = [simulated_bias(grid.with_score(score), PUBLISHED, np.random.default_rng(0), draws=1) for score in scores]
    signals = [bias.depth.signal for bias in found if bias.depth is not None]
    assert len(signals) == 12
    assert signals.count(0) >= 4


def test_the_estimate_itself_as_the_truth_is_estimated_nearer_to_uniform(depths: Observations) -> None:
    observations = synthetic(depths, depth_rule(depths), noise=0.5)
    estimate = rank(observations).rule
    bias = simulated_bias(observations, estimate, np.random.default_rng(1), draws=20)
    assert bias.depth is not None
    assert bias.depth.truth == pytest.approx(estimate.depths)

    def from_uniform(shares: tuple[float, ...]) -> float:
        return float(np.abs(np.array(shares) - UNIFORM).sum())

    assert from_uniform(bias.depth.mean) < 0.95 * from_uniform(bias.depth.truth)


def test_depths_and_widths_that_both_vary() -> None:
    rng = np.random.default_rng(3)
    grid = design(rng.integers(1, 8, (300, 3)).astype(float), rng.integers(2, 9, (300, 3)).astype(float))
    observations = synthetic(grid, PUBLISHED, noise=0.1)
    bias = simulated_bias(observations, PUBLISHED, rng, draws=10)
    assert bias.depth is not None
    assert bias.width is not None
    for returned in (bias.depth, bias.width):
        assert returned.signal > 0.2
        assert returned.mean[2] < 0.32
        assert all(
            low <= mean <= high for low, mean, high in zip(returned.low, returned.mean, returned.high, strict=True)
        )


def test_equal_generators_give_equal_results(depths: Observations) -> None:
    observations = synthetic(depths, depth_rule(depths), noise=1)
    once, again, other = (
        simulated_bias(observations, PUBLISHED, np.random.default_rng(seed), draws=3) for seed in (1, 1, 2)
    )
    assert once == again != other
    assert once.draws == 3


def test_in_words() -> None:
    recovered = Recovered((0.4, 0.4, 0.2), (0.37, 0.39, 0.24), (0.3, 0.3, 0.2), (0.4, 0.4, 0.3), 0.5)
    assert str(recovered) == "true 2 : 2 : 1 is estimated as 1.5 : 1.6 : 1"


@pytest.mark.parametrize(
    ("observations", "rule", "message"),
    [
        (small_grid, Rule((2, 1), (1, 1)), "the rule has 2 stages, but the networks have 3"),
        (lambda: small_grid()[np.arange(6)], PUBLISHED, "6 networks are too few to simulate the bias of ranking"),
    ],
)
def test_bad_requests(observations: Callable[[], Observations], rule: Rule, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulated_bias(observations(), rule, np.random.default_rng(0))
