import numpy as np
import pytest

from rnas.statistics.crossed import Bools, Variance, compared_variances, mean_variances, means
from tests.rnas.experiments.comparison.simulated import right


def compared_variance(y: Bools) -> Variance:
    """The one variance where all networks have the same seeds."""
    first, *others = compared_variances(y).values()
    assert all(other.value == pytest.approx(first.value) for other in others)
    return first


def mean_variance(y: Bools) -> Variance:
    return mean_variances(y)[0]


def test_the_variance_is_that_of_means_over_experiments() -> None:
    drawn = [right(np.random.default_rng(draw), [0.5] * 5, images=100) for draw in range(300)]
    means = np.array([y.mean(axis=(1, 2)) for y in drawn])
    compared = np.mean([compared_variance(y).value for y in drawn])
    assert compared == pytest.approx(means.var(axis=1, ddof=1).mean(), rel=0.1)
    alone = np.mean([mean_variance(y).value for y in drawn])
    assert alone == pytest.approx(((means - 0.5) ** 2).mean(), rel=0.15)
    assert alone > 2 * compared


def test_networks_may_have_fewer_seeds() -> None:
    seeds = (2, 2, 5, 5, 5)
    found, compared, alone, plain = [], [], [], []
    for draw in range(400):
        y = right(np.random.default_rng(draw), [0.5] * 5, 5, 60, by_seed=0.5, by_network_and_seed=0.3)
        some = [rows[:count] for rows, count in zip(y, seeds, strict=True)]
        found.append(means(some))
        plain.append(some[0].mean() - some[2].mean())
        compared.append([variance.value for variance in compared_variances(some).values()])
        alone.append([variance.value for variance in mean_variances(some)])
    average = np.array(found)
    for (first, second), value in zip(compared_variances(some), np.mean(compared, axis=0), strict=True):
        assert 2 * value == pytest.approx((average[:, first] - average[:, second]).var(), rel=0.25)
    scatter = ((average - 0.5) ** 2).mean(axis=0)
    assert (np.mean(alone, axis=0) > 0.8 * scatter).all()
    assert np.mean(alone, axis=0)[2:] == pytest.approx(scatter[2:], rel=0.25)
    # What seeds do to all alike would be noise of the difference of plain means.
    assert (average[:, 0] - average[:, 2]).var() < 0.8 * np.var(plain)


def test_with_equal_seeds_means_are_plain_and_seeds_that_one_network_has_alone_change_no_other() -> None:
    y = right(np.random.default_rng(0), [0.4, 0.5, 0.6], 4, 50)
    assert means(y) == pytest.approx(y.mean(axis=(1, 2)))
    before = means([y[0][:3], y[1][:2], y[2][:3]])
    after = means([y[0], y[1][:2], y[2][:3]])
    assert after[2] - after[1] == pytest.approx(before[2] - before[1])


def test_what_seeds_and_images_do_to_all_alike_is_no_noise_of_a_comparison() -> None:
    rng = np.random.default_rng(0)
    shared = rng.random((1, 3, 200)) < 0.5
    variance = compared_variance(np.repeat(shared, 4, axis=0))
    assert variance.value == pytest.approx(0)
    assert mean_variance(np.repeat(shared, 4, axis=0)).value > 0


def test_seeds_alone_give_their_degrees_of_freedom() -> None:
    rng = np.random.default_rng(0)
    by_seed = rng.random((7, 3, 1)) < 0.5
    right_everywhere = np.repeat(by_seed, 50, axis=2)
    variance = compared_variance(right_everywhere)
    assert variance.degrees == pytest.approx(12)
    # Nothing differs between images: what is left is the two-way analysis of the networks' accuracies by seed.
    scores = right_everywhere.mean(axis=2)
    rest = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    assert variance.value == pytest.approx((rest**2).sum() / 12 / 3)


def test_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="1 seeds"):
        compared_variance(np.ones((3, 1, 10), dtype=bool))
    with pytest.raises(ValueError, match="1 seeds"):
        mean_variance(np.ones((3, 1, 10), dtype=bool))
