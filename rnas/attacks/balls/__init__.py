"""Provide the balls that limit a perturbation, one file for each norm."""

from rnas.attacks.attack import Norm
from rnas.attacks.balls._l1 import L1
from rnas.attacks.balls._l2 import L2
from rnas.attacks.balls._linf import LInf
from rnas.attacks.balls.ball import Ball

BALLS: dict[Norm, Ball] = {"linf": LInf(), "l2": L2(), "l1": L1()}
"""The ball of each norm."""
