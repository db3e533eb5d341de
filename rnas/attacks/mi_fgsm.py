"""Implement the momentum iterative fast gradient sign method (Dong et al., CVPR 2018)."""

import re
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.attacks.balls.ball import per_image
from rnas.attacks.family import AttackFamily
from rnas.attacks.gradient import input_gradient
from rnas.attacks.losses import cross_entropy
from rnas.attacks.state import attacking
from rnas.errors import InputError


@dataclass(frozen=True)
class MIFGSM:
    """Take steps of epsilon / steps from the image along the sum of all gradients so far, on the cross-entropy.

    Each gradient is scaled to an l1 norm of 1 before it is added, and the sum decays. A step follows the sign of the
    sum in the l-infinity norm and the sum itself in l2.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        steps: number of gradient steps, at least 1; the paper has 10.
        decay: factor of the sum from step to step, at least 0; 0 means no momentum.
        norm: linf or l2.

    Raises:
        InputError: a setting is out of its range.
    """

    epsilon: Fraction
    steps: int = 10
    decay: Fraction = Fraction(1)
    norm: Norm = "linf"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.decay < 0 or self.norm == "l1":
            raise InputError(
                f"MI-FGSM has {self.steps} steps, decay {self.decay} and norm {self.norm}: "
                "give at least 1 step, a decay of at least 0, and norm linf or l2"
            )

    @property
    def step(self) -> Fraction:
        """Return the size of one step as a share of epsilon."""
        return Fraction(1, self.steps)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`); ids and seed have no effect."""
        ball, epsilon, step = BALLS[self.norm], float(self.epsilon), float(self.epsilon * self.step)
        adversarial, momentum = images.clone(), torch.zeros_like(images)
        with attacking(model):
            for _ in range(self.steps):
                gradient = input_gradient(lambda points: cross_entropy(model(points), labels), adversarial)
                momentum = momentum * float(self.decay) + _of_size_one(gradient.nan_to_num_(0, 0, 0))
                adversarial = ball.project(ball.ascend(adversarial, momentum, step), images, epsilon)
        return adversarial


def _of_size_one(gradient: Tensor) -> Tensor:
    """Scale the gradient to an l1 norm of 1; a gradient of 0 stays 0."""
    size = BALLS["l1"].size(gradient)
    return gradient / per_image(torch.where(size > 0, size, torch.ones_like(size)), gradient)


def _parse(name: str, epsilon: Fraction, norm: Norm) -> MIFGSM | None:
    match = re.fullmatch(r"mi-fgsm([1-9]\d{0,5})", name, re.ASCII)
    return None if match is None else MIFGSM(epsilon, int(match[1]), norm=norm)


FAMILY = AttackFamily(
    name="mi-fgsm",
    forms="mi-fgsmN for N steps of epsilon/N with momentum such as mi-fgsm10",
    norms=("linf", "l2"),
    parse=_parse,
)
