import numpy as np
import pytest

from rnas.comparison.crossed import compared_variance, mean_variance
from tests.rnas.comparison.simulated import right


def test_the_variance_is_that_of_means_over_experiments() -> None:
    drawn = [right(np.random.default_rng(draw), [0.5] * 5, images=100) for draw in range(300)]
    means = np.array([y.mean(axis=(1, 2)) for y in drawn])
    compared = np.mean([compared_variance(y).value for y in drawn])
    assert compared == pytest.approx(means.var(axis=1, ddof=1).mean(), rel=0.1)
    alone = np.mean([mean_variance(y).value for y in drawn])
    assert alone == pytest.approx(((means - 0.5) ** 2).mean(), rel=0.15)
    assert alone > 2 * compared


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
