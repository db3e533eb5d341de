"""Provide the balls that limit a perturbation, one file for each norm."""

from rnas.attacks.attack import Norm
from rnas.attacks.balls.ball import Ball
from rnas.attacks.balls.l1 import L1
from rnas.attacks.balls.l2 import L2
from rnas.attacks.balls.linf import LInf

BALLS: dict[Norm, Ball] = {"linf": LInf(), "l2": L2(), "l1": L1()}
"""The ball of each norm."""
