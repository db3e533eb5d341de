"""Attacks by the names that papers report robust accuracy under: ``fgsm``, ``pgd20``, ``pgd20-margin``."""

import re
from fractions import Fraction

from rnas.attacks.fgsm import FGSM
from rnas.attacks.losses import LossName
from rnas.attacks.pgd import PGD
from rnas.errors import InputError

STEP = Fraction(1, 10)
"""Size of a step of PGD-20 as a share of epsilon: 0.8/255 at 8/255."""

FORMS = "fgsm, pgdN for PGD of N steps such as pgd20, and pgdN-margin for PGD on the margin"
"""The names, for messages."""


def named_attack(name: str, epsilon: Fraction) -> FGSM | PGD:
    """The attack of a name within a radius.

    Args:
        name: ``fgsm``, one step from the image; ``pgdN``, N steps of epsilon/10 from a random start on the
            cross-entropy; or ``pgdN-margin``, the same on the margin of the logits.
        epsilon: l-infinity radius in [0, 1].

    Raises:
        InputError: there is no attack of this name.
    """
    if name == "fgsm":
        return FGSM(epsilon)
    match = re.fullmatch(r"pgd([1-9]\d{0,5})(-margin)?", name, re.ASCII)
    if match is None:
        raise InputError(f"unknown attack {name!r}; known: {FORMS}")
    loss: LossName = "margin" if match[2] else "cross-entropy"
    return PGD(epsilon, int(match[1]), STEP, loss)
