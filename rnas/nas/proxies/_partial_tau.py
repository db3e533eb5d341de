"""Measure how well two orders of networks agree, and how well beyond what their cost explains."""

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import SplineTransformer

from rnas._typing import Floats, Integers
from rnas.statistics._ranks import kendall_tau, normal_scores

_KNOTS = 5


def beyond_cost(values: Floats, costs: Floats) -> Floats:
    """Return the residuals (n,) of a regression of the normal scores of values (n,) on those of costs (n, c).

    The regression is a sum of cubic splines, one for each cost. Kendall's own partial tau is not used, since it is not
    0 for two columns that are related through cost alone (Korn, 1984); the tau of these residuals is 0 then.
    """
    bases = [
        SplineTransformer(_KNOTS, knots="quantile").fit_transform(normal_scores(cost)[:, None]) for cost in costs.T
    ]
    inputs, scores = np.concatenate(bases, axis=1), normal_scores(values)
    left: Floats = scores - LinearRegression().fit(inputs, scores).predict(inputs)
    return left


def partial_tau(first: Floats, second: Floats, costs: Floats) -> float:
    """Return Kendall's tau, in [-1, 1], of the residuals of two columns (n,) after regressions on costs (n, c)."""
    return kendall_tau(beyond_cost(first, costs), beyond_cost(second, costs))


def quarter_of(cost: Floats) -> Integers:
    """Return the quarter, 0 to 3 by quantiles of the cost (n,), of each network."""
    quarters: Integers = np.searchsorted(np.quantile(cost, (0.25, 0.5, 0.75)), cost, side="right")
    return quarters


def tau_by_quarters(first: Floats, second: Floats, cost: Floats) -> list[float]:
    """Return Kendall's tau of two columns (n,) within each quarter of the networks by cost (n,)."""
    quarters = quarter_of(cost)
    return [kendall_tau(first[quarters == quarter], second[quarters == quarter]) for quarter in range(4)]
