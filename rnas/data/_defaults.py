"""Set the usual radius and a short training for small natural images."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

EPSILON = Fraction(8, 255)

FIDELITY: Mapping[str, Any] = {"epochs": 15, "batch_size": 128, "attack_steps": 7, "attack_step": Fraction(1, 4)}
