"""Implement projected gradient descent in a ball (Madry et al., ICLR 2018)."""

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks._restarts import strongest
from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.attacks.family import AttackFamily
from rnas.attacks.gradient import input_gradient
from rnas.attacks.losses import LOSSES, loss_of
from rnas.attacks.names import LossName, Mode
from rnas.attacks.start import UNIFORM, Start
from rnas.attacks.state import attacking
from rnas.errors import InputError


@dataclass(frozen=True)
class PGD:
    """Run PGD from a random start and return its last iterate.

    In the l-infinity norm a step follows the sign of the gradient, in l2 the gradient itself; each step is followed by
    a projection. In l1 a step moves the few pixels with the largest gradients, and the projection onto ball and pixel
    range together is exact (Croce and Hein, ICML 2021). See :mod:`rnas.attacks.balls`.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        steps: number of gradient steps, at least 1.
        step: size of one step as a share of epsilon (1/4 is 2/255 at 8/255).
        loss: loss that is maximised; ``kl`` is the divergence from the prediction on the original image (TRADES).
        start: noise of the starting point. Uniform noise is clipped to the range of pixels before the first step; the
            released loops of some papers clip after it, which changes the outcome for a few images in either direction.
        mode: mode of normalisation layers; anything but ``eval`` makes results depend on the batch.
        projection: whether each step ends inside the ball. Without it, as N-FGSM trains (de Jorge et al., NeurIPS
            2022), an image may move as far as the start and the steps together: for training, not for evaluation.
        norm: norm of the ball.
        restarts: number of runs from different starts, at least 1; more than 1 only in mode ``eval`` with projection.
            The result is the first run that is misclassified, else the run with the greatest loss.

    Raises:
        InputError: a setting is out of its range.
    """

    epsilon: Fraction
    steps: int
    step: Fraction = Fraction(1, 4)
    loss: LossName = "cross-entropy"
    start: Start = UNIFORM
    mode: Mode = "eval"
    projection: bool = True
    norm: Norm = "linf"
    restarts: int = 1

    def __post_init__(self) -> None:
        if self.steps < 1 or self.restarts < 1:
            raise InputError(f"PGD has {self.steps} steps and {self.restarts} restarts: give at least 1 of both")
        if self.restarts > 1 and (self.mode != "eval" or not self.projection):
            raise InputError("PGD: restarts need mode eval and projection; set restarts to 1, or change these settings")

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`)."""
        if self.restarts > 1:
            once = replace(self, restarts=1)
            with attacking(model):
                return strongest(once, self.restarts, self.loss, model, images, labels, ids, seed)
        start = self.start.of(images, float(self.epsilon), ids, seed, self.norm)
        with attacking(model, self.mode):
            return self.ascend(model, images, labels, start)

    def ascend(self, model: nn.Module, images: Tensor, labels: Tensor, start: Tensor) -> Tensor:
        """Take all steps of one run from given starting points, without noise and with the model in its mode."""
        if self.norm == "linf":
            return self._ascend_by_signs(model, images, labels, start)
        ball, loss = BALLS[self.norm], loss_of(self.loss, model, images, labels)
        step, reach = float(self.epsilon * self.step), float(self.epsilon) if self.projection else math.inf
        adversarial = start
        for _ in range(self.steps):
            gradient = input_gradient(lambda points: loss(model(points)), adversarial).nan_to_num_(0, 0, 0)
            adversarial = ball.project(ball.ascend(adversarial, gradient, step), images, reach)
        return adversarial

    def _ascend_by_signs(self, model: nn.Module, images: Tensor, labels: Tensor, start: Tensor) -> Tensor:
        """Do the same for the l-infinity norm; training spends most of its time here."""
        epsilon, step = float(self.epsilon), float(self.epsilon * self.step)
        reach = epsilon if self.projection else math.inf
        lowest, highest = (images - reach).clamp_(min=0), (images + reach).clamp_(max=1)
        loss = loss_of(self.loss, model, images, labels)
        adversarial = start
        with torch.enable_grad():
            for _ in range(self.steps):
                adversarial = adversarial.detach().requires_grad_(True)
                (gradient,) = torch.autograd.grad(loss(model(adversarial)).sum(), adversarial)
                # A pixel whose gradient is not finite stays where it is.
                direction = gradient.nan_to_num_(0, 0, 0).sign_()
                adversarial = torch.add(adversarial.detach(), direction, alpha=step)
                adversarial = torch.clamp(adversarial, lowest, highest)
        return adversarial.detach()


_STEP = Fraction(1, 10)
"""Step size of named attacks as a share of epsilon: 0.8/255 at 8/255, as the papers on architectures use it."""

_LOSSES: tuple[LossName, ...] = (*LOSSES, "kl")


def _parse(name: str, epsilon: Fraction, norm: Norm) -> PGD | None:
    match = re.fullmatch(r"pgd([1-9]\d{0,5})(?:x([1-9]\d{0,3}))?(?:-([a-z]+))?", name, re.ASCII)
    losses = {loss: loss for loss in _LOSSES if loss != "cross-entropy"}
    if match is None or (match[3] is not None and match[3] not in losses):
        return None
    loss: LossName = losses[match[3]] if match[3] else "cross-entropy"
    return PGD(epsilon, int(match[1]), _STEP, loss, norm=norm, restarts=int(match[2] or 1))


FAMILY = AttackFamily(
    name="pgd",
    forms="pgdN for PGD with N steps of epsilon/10 such as pgd20, pgd20x5 for 5 restarts, "
    "and either with -margin, -cw, -dlr or -kl",
    norms=("linf", "l2", "l1"),
    parse=_parse,
)
