import numpy as np
import pytest

from rnas._typing import Bools
from rnas.statistics.sequential import level, looks, next_seeds
from rnas.statistics.tukey import distinguishable
from tests.rnas.experiments.comparison.simulated import right


def followed(y: Bools, first: int) -> list[tuple[int, ...]]:
    """Seeds of each network at each look at an experiment of which all seeds are drawn."""
    found = [(first,) * len(y)]
    while (
        more := next_seeds([rows[:own] for rows, own in zip(y, found[-1], strict=True)], first, y.shape[1])
    ) != found[-1]:
        found.append(more)
    return found


def test_the_level_is_divided_by_the_looks_that_are_planned() -> None:
    assert (looks(3, 7), level(3, 7)) == (5, 0.01)


def test_networks_that_differ_from_all_others_get_no_further_seeds() -> None:
    y = right(np.random.default_rng(0), [0.9, 0.5, 0.5, 0.1], 6, 400)
    found = followed(y, 2)
    assert found[0] == (2, 2, 2, 2)
    assert (found[-1][0], found[-1][3]) < (6, 6)
    assert found[-1][1] == found[-1][2] == 6
    assert [max(seeds) for seeds in found] == [2, 3, 4, 5, 6]


def test_where_all_is_decided_it_ends() -> None:
    y = right(np.random.default_rng(0), [0.9, 0.5, 0.1], 6, 2_000, by_network_and_seed=0.0)
    assert followed(y, 3) == [(3, 3, 3)]


def test_a_decision_that_is_lost_brings_the_seeds_that_were_missed() -> None:
    y = right(np.random.default_rng(0), [0.5, 0.5, 0.5], 5, 200)
    assert next_seeds([y[0][:2], y[1][:4], y[2][:4]], 2, 5) == (5, 5, 5)


def test_noise_that_does_not_show_decides_nothing() -> None:
    y = np.zeros((2, 3, 10), dtype=bool)
    y[0] = True
    assert next_seeds(y[:, :2], 2, 3) == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [{"by_network_and_seed": 0.3}, {"by_network_and_seed": 0.05, "by_seed": 0.2}])
def test_seven_equal_networks_are_distinguished_at_any_look_in_at_most_seven_per_cent(noise: dict[str, float]) -> None:
    first, most, experiments = 2, 6, 500
    wrong = 0
    for experiment in range(experiments):
        y = right(np.random.default_rng(experiment), [0.5] * 7, most, 60, **noise)
        wrong += any(
            distinguishable([rows[:own] for rows, own in zip(y, seeds, strict=True)], level(first, most)).any()
            for seeds in followed(y, first)
        )
    assert wrong / experiments <= 0.07
