"""Gradients of losses with respect to images, and how often they vanish."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnas.attacks.losses import LOSSES
from rnas.attacks.names import LossName
from rnas.attacks.state import attacking
from rnas.errors import InputError


def input_gradient(loss: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Gradient (n, C, H, W) of the sum of per-image losses (n,) at points (n, C, H, W); not always finite."""
    with torch.enable_grad():
        points = points.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(points).sum(), points)
    return gradient


def without_gradient(model: nn.Module, images: Tensor, labels: Tensor, loss: LossName) -> Tensor:
    """Whether each image (n,) gives a gradient attack nothing to follow, in eval mode.

    Its gradient is 0 in every pixel, as softmax saturates, or not finite in one. Where there are many such images,
    robust accuracy under attacks on this loss says little (Carlini et al., "On evaluating adversarial robustness",
    2019).

    Args:
        model: left as found.
        images: (n, C, H, W) in [0, 1].
        labels: (n,).
        loss: what an attack would maximise. ``cw`` has no gradient wherever an image is misclassified.

    Raises:
        InputError: the loss is ``kl``, whose gradient is 0 at every image as it is.
    """
    if loss == "kl":
        raise InputError("loss kl has no gradient at an image as it is; ask for cross-entropy or margin")
    with attacking(model):
        gradient = input_gradient(lambda points: LOSSES[loss](model(points), labels), images).flatten(1)
    return ~gradient.isfinite().all(dim=1) | (gradient == 0).all(dim=1)


def zero_gradient_share(model: nn.Module, images: Tensor, labels: Tensor, loss: LossName) -> float:
    """Share, in [0, 1], of the images that :func:`without_gradient` says True of; at least one image."""
    return without_gradient(model, images, labels, loss).double().mean().item()
