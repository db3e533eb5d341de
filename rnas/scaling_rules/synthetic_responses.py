"""Truths to plant: how a score may fall away from the best shares, in forms that the estimate does not assume.

The estimate of :mod:`rnas.scaling_rules.estimate` draws smooth functions from a Gaussian process. None of these is one
of its
own: one has a crease at its optimum, one is flat far from it, and one falls without bound where a share vanishes.
"""

from collections.abc import Callable, Mapping

import numpy as np

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.proportion import shares_of

Form = Callable[[Floats, Floats], Floats]
"""From shares (n, c) and the planted ones (c,) to heights (n,), highest where both are the same."""

_BREADTH = 0.25


def tent(shares: Floats, planted: Floats) -> Floats:
    """Falls with the sum of absolute differences, from a crease at the optimum."""
    return np.asarray(-np.abs(shares - planted).sum(axis=1))


def bump(shares: Floats, planted: Floats) -> Floats:
    """A Gaussian in the shares, flat far from the optimum."""
    return np.asarray(np.exp(-0.5 * ((shares - planted) ** 2).sum(axis=1) / _BREADTH**2))


def cobb_douglas(shares: Floats, planted: Floats) -> Floats:
    """Output of stages that cannot stand in for one another: the sum of planted shares times log shares."""
    return np.asarray((planted * np.log(shares / planted)).sum(axis=1))


FORMS: Mapping[str, Form] = {"tent": tent, "bump": bump, "cobb-douglas": cobb_douglas}


def scaled_response(form: Form, shares: Floats, planted: Floats, effect: float, other: Floats) -> Floats:
    """How far below the optimum a score is (n,), from 0 down.

    Args:
        form: of the fall.
        shares: (n, c) of networks.
        planted: (c,) where the score is highest.
        effect: what the planted shares gain over uniform, in the score's units.
        other: (c,) what they gain it over where the planted are uniform themselves.
    """
    uniform = np.full(len(planted), 1 / len(planted))
    beside = other if np.allclose(planted, uniform) else uniform
    top, low = (float(form(place[None, :], planted)[0]) for place in (planted, beside))
    return np.asarray(effect / (top - low) * (form(shares, planted) - top))


def synthetic_response(observations: Observations, rule: Rule, form: str, effect: float, other: Rule) -> Floats:
    """What a rule adds to the scores (n,) of a design, at most 0; each of its three parts is worth an effect.

    Args:
        observations: the design; its scores are not read.
        rule: where the optima are, for as many stages.
        form: a name of :data:`FORMS`.
        effect: of each part over no rule, in the score's units.
        other: what a part gains it over that is uniform itself.
    """
    r = observations.depth_to_width
    parts = [
        (observations.depth_shares, rule.depths, other.depths),
        (observations.width_shares, rule.widths, other.widths),
        (np.column_stack([r, 1 - r]), (rule.depth_to_width, 1.0), (other.depth_to_width, 1.0)),
    ]
    falls = [
        scaled_response(FORMS[form], shares, np.array(shares_of(best)), effect, np.array(shares_of(beside)))
        for shares, best, beside in parts
    ]
    return np.asarray(np.sum(falls, axis=0))
