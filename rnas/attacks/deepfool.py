"""Implement DeepFool, which finds a small perturbation that changes the class (Moosavi-Dezfooli et al., CVPR 2016)."""

import re
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.attacks.balls.ball import per_image
from rnas.attacks.family import AttackFamily
from rnas.attacks.losses import misclassified
from rnas.attacks.state import attacking
from rnas.errors import InputError

_CROSSING = 1e-6
"""Length that is added to every step, for pixels in [0, 1]; otherwise a step could end on a boundary and stop there."""


@dataclass(frozen=True)
class DeepFool:
    """Step to the nearest boundary of the linearised network, until the image is misclassified.

    Each step goes from the label's class to the nearest other class, in the norm, among the classes with the greatest
    logits on the original image. Images stay in [0, 1], and the sum of the steps is scaled up to cross the boundary. As
    an attack within a ball, it projects a larger perturbation to the radius and does not change an image that is
    misclassified already.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        steps: largest number of steps for an image, at least 1; the authors' code has 50.
        overshoot: share of the perturbation that is added to cross the boundary.
        classes: number of classes that are considered, with the label's class, at least 2.
        norm: linf or l2; the norm of the ball, and of the perturbation that is made small.

    Raises:
        InputError: a setting is out of its range.
    """

    epsilon: Fraction
    steps: int = 50
    overshoot: Fraction = Fraction(1, 50)
    classes: int = 10
    norm: Norm = "linf"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.overshoot < 0 or self.classes < 2 or self.norm == "l1":
            raise InputError(
                f"DeepFool has {self.steps} steps, overshoot {self.overshoot}, {self.classes} classes and norm "
                f"{self.norm}: give at least 1 step, an overshoot of at least 0, 2 classes, and norm linf or l2"
            )

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`); ids and seed have no effect."""
        points, _ = self._fooling(model, images, labels)
        return BALLS[self.norm].project(points, images, float(self.epsilon))

    def minimal_norms(self, model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the norm (n,), float64, of the perturbation that it finds; epsilon has no effect.

        The norm is 0 for an image that is misclassified already, and infinite for an image that the steps did not
        change the class of. A smaller perturbation may exist.

        Args:
            model: the network; it is left unchanged.
            images: (n, C, H, W) in [0, 1].
            labels: (n,).
        """
        points, fooled = self._fooling(model, images, labels)
        norms = BALLS[self.norm].size(points.double() - images.double())
        return torch.where(fooled, norms, torch.full_like(norms, torch.inf))

    def _fooling(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return perturbed images, in [0, 1] and at any distance, and whether each is misclassified."""
        points, moved, overshot = images.clone(), torch.zeros_like(images), float(1 + self.overshoot)
        with attacking(model):
            with torch.no_grad():
                logits = model(images)
            others = _others(logits, labels, self.classes)
            fooled = misclassified(logits, labels)
            for _ in range(self.steps):
                (rows,) = torch.nonzero(~fooled, as_tuple=True)
                if len(rows) == 0:
                    break
                step = self._step(model, points[rows], labels[rows], others[rows])
                further = (images[rows] + (moved[rows] + step) * overshot).clamp_(0, 1)
                # The sum of the steps does not include what is clipped at [0, 1].
                moved[rows] = (further - images[rows]) / overshot
                points[rows] = further
                with torch.no_grad():
                    fooled[rows] = misclassified(model(further), labels[rows])
        return points, fooled

    def _step(self, model: nn.Module, points: Tensor, labels: Tensor, others: Tensor) -> Tensor:
        """Return the step (n, C, H, W) to the nearest linearised boundary; 0 where no gradient leads to one."""
        with torch.enable_grad():
            points = points.detach().requires_grad_(True)
            logits = model(points)
            behind = logits.gather(1, labels[:, None]) - logits.gather(1, others)
            slopes = [torch.autograd.grad(-gap.sum(), points, retain_graph=True)[0] for gap in behind.unbind(1)]
        slopes = [slope.nan_to_num_(0, 0, 0) for slope in slopes]
        # In the dual norm, a step of this norm along the steepest direction raises the logit by their product.
        dual = BALLS["l1" if self.norm == "linf" else "l2"]
        steepness = torch.stack([dual.size(slope) for slope in slopes], dim=1)
        distances = torch.where(steepness > 0, behind.detach().clamp(min=0) / steepness, torch.inf)
        distance, nearest = distances.min(dim=1)
        slope = torch.stack(slopes, dim=1)[torch.arange(len(points), device=points.device), nearest]
        unit = BALLS[self.norm].ascend(torch.zeros_like(slope), slope, 1.0)
        length = torch.where(distance.isfinite(), distance + _CROSSING, torch.zeros_like(distance))
        return unit * per_image(length, unit)


def _others(logits: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the classes (n, m) of the greatest logits (n, K) except the label's, m = min(classes, K) - 1."""
    without = logits.nan_to_num().scatter(1, labels[:, None], -torch.inf)
    return without.topk(min(classes, logits.shape[1]) - 1, dim=1).indices


def _parse(name: str, epsilon: Fraction, norm: Norm) -> DeepFool | None:
    match = re.fullmatch(r"deepfool([1-9]\d{0,5})", name, re.ASCII)
    return None if match is None else DeepFool(epsilon, int(match[1]), norm=norm)


FAMILY = AttackFamily(
    name="deepfool",
    forms="deepfoolN with at most N steps to the nearest boundary such as deepfool50",
    norms=("linf", "l2"),
    parse=_parse,
)
