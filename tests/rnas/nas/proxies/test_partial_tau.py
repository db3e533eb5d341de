import numpy as np
import pytest
from scipy.stats import kendalltau

from rnas.nas.proxies._partial_tau import beyond_cost, partial_tau, tau_by_quarters
from rnas.statistics._ranks import kendall_tau, normal_scores


def test_tau_by_hand() -> None:
    # Five of six pairs agree.
    assert kendall_tau(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 9.0])) == pytest.approx(4 / 6)
    assert kendall_tau(np.array([-np.inf, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(1.0)
    assert kendall_tau(np.ones(4), np.arange(4.0)) == kendall_tau(np.arange(4.0), np.full(4, -np.inf)) == 0.0


def test_quarters_by_hand() -> None:
    cost = np.array([8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    first = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    second = np.array([8.0, 1.0, 2.0, 4.0, 3.0, 0.0, 0.0, 7.0])
    assert tau_by_quarters(first, second, cost) == pytest.approx([1.0, -1.0, 0.0, -1.0])


def test_what_cost_explains_is_nothing_beyond_it() -> None:
    rng = np.random.default_rng(0)
    costs = np.exp(rng.normal(size=(200, 2)))
    np.testing.assert_allclose(beyond_cost(costs[:, 0] ** 3, costs), 0.0, atol=1e-9)
    mixed = normal_scores(costs[:, 0]) + rng.normal(size=200)
    assert kendall_tau(mixed, costs[:, 0]) > 0.4
    assert abs(kendall_tau(beyond_cost(mixed, costs), costs[:, 0])) < 0.1


def test_networks_alike_in_cost_alone_have_a_partial_tau_of_zero() -> None:
    cost, one, other = np.random.default_rng(0).normal(size=(3, 4000))
    first, second = cost + one, cost + other
    between, of_first, of_second = kendall_tau(first, second), kendall_tau(first, cost), kendall_tau(second, cost)
    # Kendall's own is wrong here.
    kendalls = (between - of_first * of_second) / np.sqrt((1 - of_first**2) * (1 - of_second**2))
    assert kendalls > 0.07
    assert abs(partial_tau(first, second, cost[:, None])) < 0.02


def test_what_is_shared_beyond_cost_shows() -> None:
    cost, shared, own = np.random.default_rng(1).normal(size=(3, 1000))
    first, second = 3 * cost + shared, 3 * cost - shared + 0.5 * own
    assert kendalltau(first, second).statistic > 0.5
    assert partial_tau(first, second, cost[:, None]) < -0.6
    # Only the order of each column counts.
    assert partial_tau(np.exp(first), second**3, np.exp(cost)[:, None]) == pytest.approx(
        partial_tau(first, second, cost[:, None]), abs=1e-12
    )
