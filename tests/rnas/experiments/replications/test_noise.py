import numpy as np
import pytest

from rnas.experiments.replications.noise import noise


def drawn(deviations: list[float], seeds: int) -> np.ndarray:
    return np.array(deviations)[:, None] * np.random.default_rng(1).normal(size=(len(deviations), seeds))


def test_cells_of_equal_noise_share_one_variance() -> None:
    found = noise(drawn([1.0] * 40, 3), paired=True)
    assert found.moderated == pytest.approx(np.full(40, found.own.mean()))
    assert found.degrees == pytest.approx(39 * 2)


def test_cells_of_unequal_noise_keep_their_own() -> None:
    deviations = [1.0] * 10 + [100.0] * 10
    found = noise(drawn(deviations, 6), paired=False)
    assert found.degrees < 10
    quiet, loud = found.moderated[:10], found.moderated[10:]
    assert quiet.max() < loud.min() / 100


def test_of_a_pair_it_is_the_paired_t_test_where_there_are_only_these_two_cells() -> None:
    values = drawn([1.0, 1.0], 5)
    found = noise(values, paired=True)
    differences = values[0] - values[1]
    expected = differences.std(ddof=1) / np.sqrt(5)
    assert found.standard_error(np.array([1.0, -1.0]), 5) == pytest.approx(expected)
    assert found.degrees == pytest.approx(4)


def test_a_cell_that_is_noisier_than_most_is_not_taken_for_one_of_them() -> None:
    deviations = [1.0] * 20
    values = drawn(deviations, 3)
    values[0] = [-30.0, 0.0, 30.0]
    weights = np.eye(20)[0] - np.eye(20)[1]
    assert noise(values, paired=False).standard_error(weights, 3) > 30 / np.sqrt(3)


def test_equal_results_have_no_noise() -> None:
    found = noise(np.full((4, 3), 0.1), paired=True)
    assert found.standard_error(np.array([1.0, -1.0, 0.0, 0.0]), 3) == 0
