"""Compute synthetic responses of a score to shares, in forms that the estimate does not assume.

The estimate of :mod:`rnas.scaling_rules.estimate` draws smooth functions from a Gaussian process. These forms are
different: one has a crease at its optimum, one is flat far from it, and one falls without bound as a share approaches
0.
"""

from collections.abc import Callable, Mapping

import numpy as np

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._proportion import shares_of
from rnas.scaling_rules.observations import Observations

Form = Callable[[Floats, Floats], Floats]
"""A function from shares (n, c) and the optimum (c,) to responses (n,), which are highest at the optimum."""

_BREADTH = 0.25


def tent(shares: Floats, optimum: Floats) -> Floats:
    """Return minus the sum of absolute differences, which has a crease at the optimum."""
    return np.asarray(-np.abs(shares - optimum).sum(axis=1))


def bump(shares: Floats, optimum: Floats) -> Floats:
    """Return a Gaussian in the shares, which is flat far from the optimum."""
    return np.asarray(np.exp(-0.5 * ((shares - optimum) ** 2).sum(axis=1) / _BREADTH**2))


def cobb_douglas(shares: Floats, optimum: Floats) -> Floats:
    """Return the output of stages that cannot replace one another: the sum of optimal shares times log shares."""
    return np.asarray((optimum * np.log(shares / optimum)).sum(axis=1))


FORMS: Mapping[str, Form] = {"tent": tent, "bump": bump, "cobb-douglas": cobb_douglas}
"""Shapes of a response around its optimum, by name."""


def scaled_response(form: Form, shares: Floats, optimum: Floats, effect: float, other: Floats) -> Floats:
    """Scale a form's response (n,), so that it is 0 at the optimum and minus the effect at uniform shares.

    Args:
        form: form of the response.
        shares: (n, c) of networks.
        optimum: (c,) shares with the highest response.
        effect: gain of the optimum over uniform shares, in the score's units.
        other: (c,) shares that replace the uniform ones if the optimum is uniform itself.
    """
    uniform = np.full(len(optimum), 1 / len(optimum))
    reference = other if np.allclose(optimum, uniform) else uniform
    top, low = (float(form(place[None, :], optimum)[0]) for place in (optimum, reference))
    return np.asarray(effect / (top - low) * (form(shares, optimum) - top))


def synthetic_response(observations: Observations, rule: Rule, form: str, effect: float, other: Rule) -> Floats:
    """Return the response (n,) to a rule, at most 0, to add to the scores of a design; its three parts weigh the same.

    Args:
        observations: the design; its scores are not read.
        rule: the optima, for the design's number of stages.
        form: a name of :data:`FORMS`.
        effect: gain of each part over no rule, in the score's units.
        other: rule that a part is compared with if its own shares are uniform.
    """
    r = observations.depth_to_width
    parts = [
        (observations.depth_shares, rule.depths, other.depths),
        (observations.width_shares, rule.widths, other.widths),
        (np.column_stack([r, 1 - r]), (rule.depth_to_width, 1.0), (other.depth_to_width, 1.0)),
    ]
    responses = [
        scaled_response(FORMS[form], shares, np.array(shares_of(best)), effect, np.array(shares_of(reference)))
        for shares, best, reference in parts
    ]
    return np.asarray(np.sum(responses, axis=0))
