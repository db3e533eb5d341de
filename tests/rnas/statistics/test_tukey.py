import math

import numpy as np
import pytest
from scipy.stats import studentized_range
from scipy.stats import t as student

from rnas._typing import Bools
from rnas.statistics.crossed import Variance, compared_variances, mean_variances
from rnas.statistics.tukey import analyse, compact_letters, critical_range, detectable, letter
from rnas.statistics.tukey import distinguishable as distinguishable_at
from tests.rnas.experiments.comparison.simulated import right

NETWORKS, SEEDS = 7, 3


def compared_variance(y: Bools) -> Variance:
    return compared_variances(y)[0, 1]


def mean_variance(y: Bools) -> Variance:
    return mean_variances(y)[0]


def distinguishable(experiment: int, accuracies: list[float], **noise: float) -> tuple[bool, bool, float]:
    """Whether any two networks are told apart, whether the first is from the last, and the smallest detectable gap."""
    y = right(np.random.default_rng(experiment), accuracies, seeds=SEEDS, **noise)
    variance, means = compared_variance(y), y.mean(axis=(1, 2))
    critical = critical_range(NETWORKS, variance) * math.sqrt(variance.value)
    return (
        bool(np.ptp(means) > critical),
        means[0] - means[-1] > critical,
        detectable(NETWORKS, (NETWORKS - 1) * (SEEDS - 1), variance),
    )


def shares(experiments: int, **noise: float) -> tuple[float, float]:
    """Over experiments: wrong differences among equal networks, and found differences as large as the printed gap."""
    wrong = found = 0
    for experiment in range(experiments):
        any_apart, _, gap = distinguishable(experiment, [0.5] * NETWORKS, **noise)
        wrong += any_apart
        apart = [0.5 + gap / 2, *[0.5] * (NETWORKS - 2), 0.5 - gap / 2]
        found += distinguishable(experiments + experiment, apart, **noise)[1]
    return wrong / experiments, found / experiments


def test_error_and_power_in_a_few_simulations() -> None:
    wrong, found = shares(150, images=60, by_network_and_seed=0.5, by_network_and_image=0.0)
    # Four standard errors around 5 %, and below 80 %.
    assert wrong < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 150)
    assert found > 0.8 - 4 * math.sqrt(0.8 * 0.2 / 150)


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise",
    [
        {},
        {"by_network_and_seed": 0.0},
        {"by_network_and_seed": 0.1},
        {"by_network_and_image": 2.0},
        {"by_seed": 0.3, "by_image": 0.5},
    ],
)
def test_the_error_is_five_per_cent_and_the_power_at_the_printed_gap_eighty(noise: dict[str, float]) -> None:
    wrong, found = shares(1_000, **noise)
    assert 0.03 <= wrong <= 0.07
    assert found >= 0.8


def test_pairs_letters_and_p_values_agree() -> None:
    y = right(np.random.default_rng(1), [0.62, 0.6, 0.5, 0.48, 0.3], images=800)
    analysis = analyse(y)
    assert len(analysis.pairs) == 10
    assert {pair.apart for pair in analysis.pairs} == {True, False}
    for pair in analysis.pairs:
        share = bool(set(analysis.groups[pair.first]) & set(analysis.groups[pair.second]))
        assert pair.apart == (not share) == (pair.p_value < 0.05) == (not pair.low <= 0 <= pair.high)
        assert pair.difference == pytest.approx(analysis.means[pair.first] - analysis.means[pair.second])
    assert "a" in analysis.groups[int(np.argmax(analysis.means))]
    assert analysis.critical is not None
    assert analysis.detectable is not None
    assert analysis.detectable > analysis.critical


def test_with_fewer_seeds_a_pair_needs_a_larger_difference() -> None:
    y = right(np.random.default_rng(1), [0.62, 0.6, 0.5, 0.48, 0.3], 6, images=800, by_network_and_seed=0.1)
    analysis = analyse([y[0][:2], *y[1:4], y[4][:2]])
    limits = {(pair.first, pair.second): pair.high - pair.difference for pair in analysis.pairs}
    assert limits[0, 4] > limits[0, 1] > limits[1, 2]
    assert limits[1, 2] == pytest.approx(analysis.critical) == pytest.approx(limits[2, 3])
    fewer, more = analysis.half_widths[:2]
    assert fewer is not None
    assert more is not None
    assert fewer > more
    for pair in analysis.pairs:
        share = bool(set(analysis.groups[pair.first]) & set(analysis.groups[pair.second]))
        assert pair.apart == (not share) == (pair.p_value < 0.05) == (not pair.low <= 0 <= pair.high)


def test_a_stricter_level_widens_the_intervals_of_pairs_alone() -> None:
    y = right(np.random.default_rng(1), [0.6, 0.5, 0.4], 4)
    usual, strict = analyse(y), analyse(y, 0.01)
    assert usual.critical is not None
    assert strict.critical is not None
    assert strict.critical > usual.critical
    assert [pair.p_value for pair in strict.pairs] == [pair.p_value for pair in usual.pairs]
    assert strict.half_widths == usual.half_widths


def test_with_two_networks_tukey_s_test_is_student_s() -> None:
    y = right(np.random.default_rng(3), [0.55, 0.45], by_network_and_seed=0.3)
    (pair,) = analyse(y).pairs
    variance = compared_variance(y)
    degrees = math.floor(variance.degrees + 1e-6)
    by_hand = 2 * student.sf(abs(pair.difference) / math.sqrt(2 * variance.value), degrees)
    assert pair.p_value == pytest.approx(by_hand, rel=1e-4)
    assert critical_range(2, variance) == pytest.approx(studentized_range.ppf(0.95, 2, degrees))


def test_intervals_hold_the_accuracy() -> None:
    held = []
    for draw in range(150):
        y = right(np.random.default_rng(draw), [0.5] * 4, images=100, by_seed=0.2)
        half = student.ppf(0.975, mean_variance(y).degrees) * math.sqrt(mean_variance(y).value)
        held.append((np.abs(y.mean(axis=(1, 2)) - 0.5) <= half).mean())
    assert 0.9 < np.mean(held) < 0.99


def test_letters() -> None:
    assert compact_letters([0.5, 0.9, 0.55, 0.1], 0.06) == ("b", "a", "b", "c")
    assert compact_letters([0.30, 0.34, 0.38], 0.05) == ("b", "ab", "a")
    assert compact_letters([0.3, 0.3], 0.0) == ("a", "a")
    # The best is told apart from the second, which is known well, and not from the third, which is not.
    own = np.array([[0.0, 0.1, 0.5], [0.1, 0.0, 0.5], [0.5, 0.5, 0.0]])
    assert compact_letters([0.9, 0.7, 0.6], own) == ("a", "b", "ab")
    assert (letter(0), letter(25), letter(26)) == ("a", "z", "A")
    with pytest.raises(ValueError, match="letters"):
        letter(52)


@pytest.mark.parametrize("first_right", [False, True])
def test_noise_that_does_not_show_is_unknown_and_nothing_is_tested(first_right: bool) -> None:
    wrong = np.zeros((3, 2, 10), dtype=bool)
    wrong[0] = first_right
    analysis = analyse(wrong)
    assert analysis.means == (float(first_right), 0.0, 0.0)
    assert analysis.half_widths == (None, None, None)
    assert (analysis.variance, analysis.critical, analysis.detectable, analysis.pairs) == (None, None, None, ())
    assert analysis.groups == ("", "", "")
    assert not distinguishable_at(wrong, 0.05).any()


def test_networks_that_agree_on_everything_have_intervals_and_no_test() -> None:
    y = np.repeat(right(np.random.default_rng(0), [0.5]), 3, axis=0)
    analysis = analyse(y)
    assert analysis.half_widths[0] is not None
    assert analysis.half_widths[0] > 0
    assert (analysis.detectable, analysis.groups) == (None, ("", "", ""))


def test_no_difference_is_beyond_all_images() -> None:
    y = right(np.random.default_rng(2), [0.95, 0.5, 0.05], 2, 12, by_network_and_seed=1.0)
    pairs = analyse(y).pairs
    assert all(-1 <= pair.low <= pair.difference <= pair.high <= 1 for pair in pairs)
    assert any(pair.high == 1 for pair in pairs)


def test_one_network_has_an_interval_and_no_test() -> None:
    analysis = analyse(right(np.random.default_rng(0), [0.5]))
    assert (analysis.pairs, analysis.detectable, analysis.groups) == ((), None, ("",))
    assert analysis.half_widths[0] is not None
    assert analysis.half_widths[0] > 0


def test_fewer_degrees_of_freedom_detect_less() -> None:
    few, many = (detectable(3, 2 * (seeds - 1), Variance(1e-4, 50)) for seeds in (2, 10))
    assert few > many > 0.01
