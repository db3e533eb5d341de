"""Provide the search of AdvRush (Mok, Na, Choe, Yoon, ICCV 2021): DARTS with a penalty on a curved input loss."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from baselines.darts_search import Darts
from rnas.attacks.state import attacking
from rnas.experiments.cell_search import HeldBatch
from rnas.utils.quantities import FractionField


class AdvRush(Darts):
    """Add the curvature of the loss by the images to what the architecture is fitted to, after a warm-up.

    The paper's inputs are normalised and ours are in [0, 1]: a step of 1.5 there is one of 0.375 here, as the deviation
    of CIFAR-10's pixels is about 1/4, and gradients are four times as large here, so that gamma lambda = 0.04 there is
    a weight of 0.01 here.
    """

    source: ClassVar[str] = (
        "Mok, Na, Choe, Yoon: AdvRush: Searching for Adversarially Robust Neural Architectures, ICCV 2021"
    )
    recipe: ClassVar[Mapping[str, Any]] = {**Darts.recipe, "epochs": 60, "batch_size": 32}

    order: Literal[1] = 1
    """Order of the gradient of the architecture, which is 1 in the paper."""
    weight: NonNegativeFloat = 0.01
    """Weight of the curvature; 0 is DARTS."""
    step: PositiveFloat = 0.375
    """Length of the step, in the l2 norm of an image in [0, 1], over which the change of the gradient is measured."""
    warmup: FractionField = Fraction(5, 6)
    """Share of the search before the curvature counts."""
    released: bool = False
    """Whether to depart from the paper as the released code does: the weights are trained on all images and the
    architecture is fitted to the first batch of them, and where the curvature counts, the gradient of the sum of the
    cross-entropies in eval mode adds to that of the loss.
    """

    @property
    def divides(self) -> bool:
        """Return whether the images are divided, as the released code does not."""
        return not self.released

    def terms(self, batch: HeldBatch) -> dict[str, Tensor]:
        """Return the cross-entropy and the weighted curvature, which is 0 in the warm-up."""
        terms = super().terms(batch)
        terms["curvature"] = terms["cross_entropy"].new_zeros(())
        if not self.weight or not batch.progress.reached(float(self.warmup)):
            return terms
        network, images, targets = batch.network, batch.images, batch.targets
        with network.mixing(*self.mixture(batch.parameters, batch.generator())):
            terms["curvature"] = self.weight * curvature(network, images, targets, self.step).mean()
            if self.released:
                terms["curvature"] = terms["curvature"] + _leak(network, images, targets)
        return terms


def curvature(network: nn.Module, images: Tensor, targets: Tensor, step: float) -> Tensor:
    """Return (n,) how much the gradient of each image's loss changes over a step along the sign of the gradient.

    It is the l2 norm of dl(x + z)/dx - dl(x)/dx, where z has the signs of dl(x)/dx and length ``step``. The network is
    in eval mode, and z counts as constant, as in the paper.

    Args:
        network: from images to logits; only what it computes with besides its parameters gets a gradient.
        images: (n, C, H, W).
        targets: classes (n,), or class probabilities (n, K).
        step: length of z in the l2 norm.
    """
    with attacking(network):
        here = _input_gradient(network, images, targets)
        signs = here.detach().sign().flatten(1)
        # Without a gradient there is no direction: the image stays where it is.
        lengths = torch.linalg.vector_norm(signs, dim=1, keepdim=True).clamp_min(1)
        moved = images + (step * signs / lengths).view_as(images)
        there = _input_gradient(network, moved, targets)
    norms: Tensor = torch.linalg.vector_norm((there - here).flatten(1), dim=1)
    return norms


def _leak(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return a term of value 0 with the gradient that the released code forgets to clear."""
    with attacking(network):
        leak = F.cross_entropy(network(images), targets, reduction="sum")
    return leak - leak.detach()


def _input_gradient(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    images = images.detach().requires_grad_()
    loss = F.cross_entropy(network(images), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images, create_graph=True)
    return gradient
