import numpy as np
import pytest

from rnas.nas.rung_quality import bands_of, optimum_shifts, rung_quality

N = 80


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def seeds_of(truth: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return truth[:, None] + noise * rng(seed).normal(size=(len(truth), 2))


@pytest.fixture
def flops() -> np.ndarray:
    return np.exp(rng(1).uniform(0, 2, size=N))


def test_bands_are_equal_parts_of_log_flops() -> None:
    assert bands_of(np.array([1.0, 9.9, 10.1, 100.0]), 2).tolist() == [0, 0, 1, 1]
    assert bands_of(np.array([3.0, 3.0]), 2).tolist() in ([0, 0], [1, 1])
    assert bands_of(np.array([1.0, 5.0]), 1).tolist() == [0, 0]


def test_a_rung_that_orders_as_the_highest_loses_nothing(flops: np.ndarray) -> None:
    truth = rng(2).normal(size=N)
    for quality in rung_quality([seeds_of(2 * truth, 0, 3), seeds_of(truth, 0, 4)], flops, 2, 0.5, rng()):
        assert quality.tau.value == pytest.approx(1)
        assert quality.recall.value == 1
        assert quality.regret.value == 0
        assert quality.ceiling is not None
        assert quality.ceiling.value == pytest.approx(1)


def test_a_rung_of_noise_keeps_half_and_has_regret(flops: np.ndarray) -> None:
    truth = rng(2).normal(size=N)
    (quality,) = rung_quality([rng(3).normal(size=(N, 2)), seeds_of(truth, 0, 4)], flops, 1, 0.5, rng())
    assert quality.architectures == N
    assert abs(quality.tau.value) < 0.3
    assert 0.1 < quality.recall.value < 0.9
    assert quality.regret.high > 0


def test_the_ceiling_is_the_agreement_of_two_seeds(flops: np.ndarray) -> None:
    truth = rng(2).normal(size=N)
    (noisy,) = rung_quality([seeds_of(truth, 0.0, 3), seeds_of(truth, 1.0, 4)], flops, 1, 0.5, rng())
    assert noisy.ceiling is not None
    assert noisy.noise is not None
    assert noisy.ceiling.high < 0.99
    assert noisy.noise.value == pytest.approx(1)
    assert noisy.ceiling.low < noisy.ceiling.value < noisy.ceiling.high


def test_one_seed_has_no_ceiling_and_failures_are_left_out(flops: np.ndarray) -> None:
    truth = rng(2).normal(size=(N, 1))
    failed = truth.copy()
    failed[:10] = np.nan
    (quality,) = rung_quality([failed, truth], flops, 1, 0.5, rng())
    assert (quality.architectures, quality.ceiling, quality.noise) == (N - 10, None, None)


def test_bands_with_few_networks_are_left_out() -> None:
    scores = rng(1).normal(size=(8, 1))
    assert len(rung_quality([scores, scores], np.array([1.0] * 4 + [50.0] * 4), 2, 0.5, rng())) == 0


def test_a_moved_optimum_is_found_and_an_unmoved_one_is_not(flops: np.ndarray) -> None:
    x = rng(5).uniform(0, 1, size=N)
    scores = [seeds_of(np.log(flops) - 4 * (x - best) ** 2, 0.05, seed) for seed, best in ((1, 0.3), (2, 0.7))]
    (moved,) = optimum_shifts(scores, flops, {"r_D": x}, rng())
    assert moved.found
    assert (moved.lower, moved.highest) == (pytest.approx(0.3, abs=0.05), pytest.approx(0.7, abs=0.05))
    assert moved.shift.value == pytest.approx(-0.4, abs=0.1)
    (same,) = optimum_shifts([scores[1], scores[1][:, ::-1]], flops, {"r_D": x}, rng())
    assert not same.found
    assert optimum_shifts(scores, flops, {"r_D": np.ones(N)}, rng()) == []
