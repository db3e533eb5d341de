"""How far two orders of networks agree, and how far beyond what their cost explains."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, norm, rankdata
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import SplineTransformer

from rnas.networks.cost import Integers

Floats = NDArray[np.float64]

_KNOTS = 5


def tau(first: Floats, second: Floats) -> float:
    """Kendall's tau-b, in [-1, 1], of two columns (n,); 0 where one of them has no order."""
    if np.ptp(rankdata(first)) == 0 or np.ptp(rankdata(second)) == 0:
        return 0.0
    return float(kendalltau(first, second).statistic)


def normal_scores(values: Floats) -> Floats:
    """Values (n,) by their ranks as quantiles of N(0, 1), ties alike."""
    scores: Floats = norm.ppf((rankdata(values) - 0.5) / len(values))
    return scores


def beyond_cost(values: Floats, costs: Floats) -> Floats:
    """What is left of the normal scores of values (n,) after a regression on those of costs (n, c).

    The regression is a sum of cubic splines, one for each cost. Kendall's own partial tau is not used since it is not 0
    where cost is all that two columns have in common (Korn, 1984); of what is left here, the tau is.
    """
    bases = [
        SplineTransformer(_KNOTS, knots="quantile").fit_transform(normal_scores(cost)[:, None]) for cost in costs.T
    ]
    inputs, scores = np.concatenate(bases, axis=1), normal_scores(values)
    left: Floats = scores - LinearRegression().fit(inputs, scores).predict(inputs)
    return left


def partial_tau(first: Floats, second: Floats, costs: Floats) -> float:
    """Kendall's tau, in [-1, 1], of what is left of two columns (n,) beyond costs (n, c)."""
    return tau(beyond_cost(first, costs), beyond_cost(second, costs))


def quarter_of(cost: Floats) -> Integers:
    """Quarter, 0 to 3 by quantiles of the cost (n,), that each network belongs to."""
    quarters: Integers = np.searchsorted(np.quantile(cost, (0.25, 0.5, 0.75)), cost, side="right")
    return quarters


def tau_by_quarters(first: Floats, second: Floats, cost: Floats) -> list[float]:
    """Kendall's tau of two columns (n,) within each quarter of networks by cost (n,)."""
    quarters = quarter_of(cost)
    return [tau(first[quarters == quarter], second[quarters == quarter]) for quarter in range(4)]
