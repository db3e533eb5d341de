"""Fit a linear mixed model: fixed effects, random functions with given covariances, and noise.

    y = X b + sum over components c of u_c + e,    u_c ~ N(0, v_c K_c),    e ~ N(0, v_0 I)

The variances are estimated by restricted maximum likelihood (Patterson, Thompson, Biometrika 1971), so a function that
the data do not show gets a variance of 0. The results are conditional on the inputs, however these were chosen: a
search that chose later inputs by earlier results does not bias them (Rubin, Biometrika 1976).
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from rnas._typing import Floats

_LEAST, _MOST = -12.0, 4.0
"""Bounds of the logarithms of variances, in units of the variance of y."""

_USUAL, _WEIGHT = -2.0, 0.01
"""Target of a variance that the data do not determine, and the strength of its pull; it keeps the optimum unique."""

_JITTER = 1e-9
_ITERATIONS = 60
_DRAWS = 10_000


class MixedModel:
    """Fit the model when it is created.

    Args:
        y: (n,) responses.
        fixed: (n, p) columns of full rank, one of them constant.
        covariances: (n, n) covariance of each random function at the inputs, with a variance of about 1.

    Attributes:
        variances: variances of the functions, in their order, and of the noise, in the units of y squared.
    """

    def __init__(self, y: Floats, fixed: Floats, covariances: Sequence[Floats]) -> None:
        self._y, self._fixed, self._covariances = y, fixed, covariances
        residual = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
        # Fixed effects may explain the data completely.
        self._unit = max(float(residual.var()), _JITTER * float(y.var()))
        count = len(covariances) + 1
        start = np.full(count, _USUAL)
        found = minimize(
            self._objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(_LEAST, _MOST)] * count,
            options={"maxiter": _ITERATIONS},
        )
        self.variances: Floats = np.exp(found.x) * self._unit
        self._factor, self._weighted, self._projection, self._information = self._decomposed(self.variances)
        self._weights = self._projection @ y

    def _decomposed(self, variances: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the lower factor of the covariance V of y, V^-1 X, the projection P off fixed effects, X' V^-1 X."""
        n = len(self._y)
        total = np.zeros((n, n))
        for variance, covariance in zip(variances, self._covariances, strict=False):
            total += variance * covariance
        total[np.diag_indices(n)] += variances[-1] + _JITTER * self._unit
        factor = cholesky(total, lower=True)
        # The inverse from the factor takes a third of the time of solving for the columns of the identity.
        lower = np.tril(dpotri(factor, lower=True)[0])
        inverse = lower + np.tril(lower, -1).T
        weighted = inverse @ self._fixed
        information = self._fixed.T @ weighted
        return factor, weighted, inverse - weighted @ np.linalg.solve(information, weighted.T), information

    def _objective(self, logarithms: Floats) -> tuple[float, Floats]:
        """Return the negative restricted log likelihood and its gradient, at logs of variances in units of y's."""
        variances = np.exp(logarithms) * self._unit
        factor, _, projection, information = self._decomposed(variances)
        weights = projection @ self._y
        value = np.log(np.diag(factor)).sum() + 0.5 * np.linalg.slogdet(information)[1] + 0.5 * self._y @ weights
        slopes = [
            0.5 * variance * (np.vdot(projection, covariance) - weights @ covariance @ weights)
            for variance, covariance in zip(variances, self._covariances, strict=False)
        ]
        slopes.append(0.5 * variances[-1] * (np.trace(projection) - weights @ weights))
        pull = logarithms - _USUAL
        return float(value + 0.5 * _WEIGHT * pull @ pull), np.array(slopes) + _WEIGHT * pull

    def posterior(
        self, functions: Sequence[int], crossed: Sequence[Floats], own: Sequence[Floats], fixed: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Return the mean (m,) and covariance (m, m) of the sum of some functions at other inputs.

        Args:
            functions: indices of the functions among the covariances.
            crossed: (m, n) covariance of each function between the other inputs and the inputs of y.
            own: (m, m) covariance of each function among the other inputs.
            fixed: (m, p) columns of the fixed effects at the other inputs, to add these to the sum (universal kriging:
                Matheron, 1969); None leaves them out.
        """
        scales = self.variances[list(functions)]
        across = np.asarray(sum(scale * block for scale, block in zip(scales, crossed, strict=True)))
        among = np.asarray(sum(scale * block for scale, block in zip(scales, own, strict=True)))
        mean, covariance = across @ self._weights, among - across @ self._projection @ across.T
        if fixed is not None:
            effects = np.linalg.solve(self._information, fixed.T)
            together = across @ self._weighted @ effects
            mean = mean + effects.T @ (self._weighted.T @ self._y)
            covariance = covariance + fixed @ effects - together - together.T
        return mean, covariance

    def left_out(self) -> Floats:
        """Return (n,) the difference of each response from its prediction by all others, at the same variances."""
        return self._weights / np.diag(self._projection)

    def p_value(self, covariance: Floats, rng: np.random.Generator) -> float:
        """Return the p-value of the hypothesis that an additional function, of covariance (n, n), is zero.

        This is a score test (Lin, Biometrika 1997): the statistic is a quadratic form of y. Under this model it is
        distributed as a weighted sum of squares of normal variables, and the p-value is a share of random draws.
        """
        observed = self._weights @ covariance @ self._weights
        inner = self._factor.T @ self._projection @ covariance @ self._projection @ self._factor
        eigenvalues = np.linalg.eigvalsh((inner + inner.T) / 2)
        eigenvalues = eigenvalues[eigenvalues > _JITTER * eigenvalues.max()]
        draws = rng.chisquare(1, size=(_DRAWS, len(eigenvalues))) @ eigenvalues
        return float((1 + (draws >= observed).sum()) / (1 + _DRAWS))


def sample_mvn(mean: Floats, covariance: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return draws (m, draws) from a normal distribution, whose covariance may be singular."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    return np.asarray(mean[:, None] + spread @ rng.standard_normal((len(mean), draws)))
