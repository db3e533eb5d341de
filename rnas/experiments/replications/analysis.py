"""Judge each claim, and the observation as a whole, by the results of a design."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.stats import t as student

from rnas._typing import Floats
from rnas.experiments.replications.claim import Claim, ClaimEstimate
from rnas.statistics._holm import holm

LEVEL = 0.05
"""Chance that any claim of a replication is decided wrongly."""


class ClaimVerdict(StrEnum):
    """Name the verdict of the results on a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDECIDED = "not decided by these data"


@dataclass(frozen=True)
class Finding:
    """Hold the result on one claim.

    The interval is at the level that Holm's procedure gives the claim among those of its replication, so that it
    excludes the bound exactly where the adjusted p-value is at most :data:`LEVEL`.

    Attributes:
        claim: the claim.
        verdict: the verdict on it.
        estimate: estimate with its standard error, or None.
        low: end of the interval, in the metric's units; NaN without an estimate.
        high: other end of the interval.
        confidence: confidence of the interval alone, at least .95.
        p_value: two-sided p-value of the bound, adjusted by Holm's procedure; 1 without an estimate.
        reason: reason for a missing estimate.
    """

    claim: Claim
    verdict: ClaimVerdict
    estimate: ClaimEstimate | None
    low: float
    high: float
    confidence: float
    p_value: float
    reason: str = ""


def judge(claims: Sequence[Claim], scores: Mapping[str, Floats]) -> tuple[Finding, ...]:
    """Judge each claim.

    A claim is decided where its interval is wholly on one side of its bound. The chance that any is decided although
    its truth is at the bound is at most 5 % over all claims of the replication together (S. Holm, 1979).

    Args:
        claims: claims of a replication.
        scores: scores by metric, (cells, seeds), NaN if a training has no result.
    """
    estimates = [claim.estimate(scores) for claim in claims]
    p_values = [_p_value(claim, estimate) for claim, estimate in zip(claims, estimates, strict=True)]
    return tuple(
        _finding(claim, estimate, level, p_value)
        for claim, estimate, level, p_value in zip(claims, estimates, _levels(p_values), holm(p_values), strict=True)
    )


def overall(findings: Sequence[Finding]) -> ClaimVerdict:
    """Return the verdict on an observation, which holds if all its claims do."""
    verdicts = {finding.verdict for finding in findings}
    if ClaimVerdict.CONTRADICTED in verdicts:
        return ClaimVerdict.CONTRADICTED
    return ClaimVerdict.SUPPORTED if verdicts == {ClaimVerdict.SUPPORTED} else ClaimVerdict.UNDECIDED


def _p_value(claim: Claim, estimate: ClaimEstimate | str) -> float:
    if isinstance(estimate, str):
        return 1.0
    value = abs(estimate.value) if claim.expected == "within" else estimate.value
    return float(2 * student.sf(abs(value - claim.bound) / estimate.standard_error, estimate.degrees))


def _levels(p_values: Sequence[float]) -> list[float]:
    """Return the level at which Holm's procedure tests each p-value; those after its end have the last level."""
    levels = [0.0] * len(p_values)
    level = 0.0
    ended = False
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if not ended:
            level = LEVEL / (len(p_values) - rank)
            ended = p_values[place] > level
        levels[place] = level
    return levels


def _finding(claim: Claim, estimate: ClaimEstimate | str, level: float, p_value: float) -> Finding:
    if isinstance(estimate, str):
        return Finding(claim, ClaimVerdict.UNDECIDED, None, np.nan, np.nan, 1 - level, p_value, estimate)
    reach = float(student.isf(level / 2, estimate.degrees)) * estimate.standard_error
    low, high = estimate.value - reach, estimate.value + reach
    return Finding(claim, _verdict(claim, low, high), estimate, low, high, 1 - level, p_value)


def _verdict(claim: Claim, low: float, high: float) -> ClaimVerdict:
    if claim.expected == "within":
        inside, outside = -claim.bound < low and high < claim.bound, low > claim.bound or high < -claim.bound
    elif claim.expected == "above":
        inside, outside = low > claim.bound, high < claim.bound
    else:
        inside, outside = high < claim.bound, low > claim.bound
    if inside:
        return ClaimVerdict.SUPPORTED
    return ClaimVerdict.CONTRADICTED if outside else ClaimVerdict.UNDECIDED
