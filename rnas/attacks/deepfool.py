"""DeepFool: about the least perturbation that changes the class (Moosavi-Dezfooli et al., CVPR 2016)."""

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
"""Added to every step, for pixels in [0, 1]: one that ends on a boundary would otherwise stay there."""


@dataclass(frozen=True)
class DeepFool:
    """Steps to the nearest boundary of a linearised network, until the image is misclassified.

    Each step goes from the label's class to the nearest other, in the norm, among those of the greatest logits on the
    image as it is; images stay in [0, 1], and the sum of the steps is overshot. As an attack within a ball, a
    perturbation larger than the radius is projected to it, and an image that is misclassified as it is stays.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        steps: most steps of an image, at least 1; the authors' code has 50.
        overshoot: share of the perturbation that is added to cross the boundary.
        classes: how many classes are looked at, the label's among them, at least 2.
        norm: linf or l2, of the perturbation that is made small, and of the ball.

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
                f"DeepFool: {self.steps} steps, overshoot {self.overshoot}, {self.classes} classes, norm {self.norm}; "
                "at least 1 step, an overshoot of at least 0, 2 classes, and norm linf or l2"
            )

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`; nothing of it depends on ids and seed."""
        points, _ = self._fooling(model, images, labels)
        return BALLS[self.norm].project(points, images, float(self.epsilon))

    def minimal_norms(self, model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Norm (n,), float64, of the perturbation it finds; epsilon plays no part.

        It is 0 for an image that is misclassified as it is and infinite for one that the steps did not fool. The
        least perturbation there is can be smaller.

        Args:
            model: left as found.
            images: (n, C, H, W) in [0, 1].
            labels: (n,).
        """
        points, fooled = self._fooling(model, images, labels)
        norms = BALLS[self.norm].size(points.double() - images.double())
        return torch.where(fooled, norms, torch.full_like(norms, torch.inf))

    def _fooling(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Perturbed images, in [0, 1] and at any distance, and whether each is misclassified."""
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
                # What [0, 1] cuts off is not carried on.
                moved[rows] = (further - images[rows]) / overshot
                points[rows] = further
                with torch.no_grad():
                    fooled[rows] = misclassified(model(further), labels[rows])
        return points, fooled

    def _step(self, model: nn.Module, points: Tensor, labels: Tensor, others: Tensor) -> Tensor:
        """The way (n, C, H, W) to the nearest linearised boundary; 0 where no gradient leads to one."""
        with torch.enable_grad():
            points = points.detach().requires_grad_(True)
            logits = model(points)
            behind = logits.gather(1, labels[:, None]) - logits.gather(1, others)
            slopes = [torch.autograd.grad(-gap.sum(), points, retain_graph=True)[0] for gap in behind.unbind(1)]
        slopes = [slope.nan_to_num_(0, 0, 0) for slope in slopes]
        # The dual norm: a step of this norm along the steepest direction raises the logit by their product.
        dual = BALLS["l1" if self.norm == "linf" else "l2"]
        steepness = torch.stack([dual.size(slope) for slope in slopes], dim=1)
        distances = torch.where(steepness > 0, behind.detach().clamp(min=0) / steepness, torch.inf)
        distance, nearest = distances.min(dim=1)
        slope = torch.stack(slopes, dim=1)[torch.arange(len(points), device=points.device), nearest]
        unit = BALLS[self.norm].ascend(torch.zeros_like(slope), slope, 1.0)
        length = torch.where(distance.isfinite(), distance + _CROSSING, torch.zeros_like(distance))
        return unit * per_image(length, unit)


def _others(logits: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The classes (n, m) of the greatest logits (n, K) but the label's, m = min(classes, K) - 1."""
    without = logits.nan_to_num().scatter(1, labels[:, None], -torch.inf)
    return without.topk(min(classes, logits.shape[1]) - 1, dim=1).indices


def _parse(name: str, epsilon: Fraction, norm: Norm) -> DeepFool | None:
    match = re.fullmatch(r"deepfool([1-9]\d{0,5})", name, re.ASCII)
    return None if match is None else DeepFool(epsilon, int(match[1]), norm=norm)


FAMILY = AttackFamily(
    name="deepfool",
    forms="deepfoolN of at most N steps to the nearest boundary such as deepfool50",
    norms=("linf", "l2"),
    parse=_parse,
)
