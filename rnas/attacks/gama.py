"""Implement the guided adversarial margin attack, GAMA-PGD (Sriramanan et al., NeurIPS 2020)."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.attacks.family import AttackFamily
from rnas.attacks.gradient import input_gradient
from rnas.attacks.losses import margin
from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.utils.counter_noise import uniform


@dataclass(frozen=True)
class GAMA:
    """Take signed steps on the margin of softmax probabilities, guided at first away from the clean prediction.

    The attack starts at a distance of epsilon, up or down at random in every pixel. It adds to the margin the squared
    l2 distance of the probabilities from those of the original image, with a weight that falls in equal steps to 0
    over the first quarter of the steps. The step is 2 epsilon; it is a tenth of that after 3/5 of the steps and a
    hundredth after 17/20, which are steps 60 and 85 of the paper's 100. The distance is from the prediction on the
    original image, as in the paper; the authors' code takes the prediction at the starting point.

    Attributes:
        epsilon: l-infinity radius, an exact fraction in [0, 1].
        steps: number of gradient steps, at least 1; GAMA-100 has 100.
        step: size of the first steps as a share of epsilon.
        weight: weight of the squared distance in the first step.

    Raises:
        InputError: a setting is out of its range.
    """

    epsilon: Fraction
    steps: int = 100
    step: Fraction = Fraction(2)
    weight: int = 50

    def __post_init__(self) -> None:
        if self.steps < 1 or self.weight < 0:
            raise InputError(f"GAMA has {self.steps} steps and weight {self.weight}: give at least 1 step and weight 0")

    @property
    def norm(self) -> Norm:
        """Return the norm of the ball."""
        return "linf"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`)."""
        ball, epsilon = BALLS["linf"], float(self.epsilon)
        up = uniform(seed, ids, tuple(images.shape[1:])) >= 0
        adversarial = torch.where(up, images + epsilon, images - epsilon).clamp_(0, 1)
        with attacking(model):
            with torch.no_grad():
                clean: Tensor = model(images).softmax(dim=1)
            for number in range(self.steps):
                weight = self._weight_at(number)

                def loss(points: Tensor, weight: float = weight) -> Tensor:
                    probabilities: Tensor = model(points).softmax(dim=1)
                    away = (probabilities - clean).square().sum(dim=1)
                    return margin(probabilities, labels) + weight * away

                gradient = input_gradient(loss, adversarial).nan_to_num_(0, 0, 0)
                adversarial = ball.ascend(adversarial, gradient, float(self.epsilon * self._step_at(number)))
                adversarial = ball.project(adversarial, images, epsilon)
        return adversarial

    def _weight_at(self, number: int) -> float:
        return float(self.weight * max(1 - Fraction(4 * number, self.steps), Fraction(0)))

    def _step_at(self, number: int) -> Fraction:
        drops = (5 * number >= 3 * self.steps) + (20 * number >= 17 * self.steps)
        return self.step * Fraction(1, 10) ** drops


FAMILY = AttackFamily(
    name="gama",
    forms="gama100",
    norms=("linf",),
    parse=lambda name, epsilon, norm: GAMA(epsilon) if name == "gama100" else None,
)
