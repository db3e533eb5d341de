"""Compute gradients of losses with respect to images, and how often they vanish."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnas.attacks.losses import LOSSES
from rnas.attacks.names import LossName
from rnas.attacks.state import attacking
from rnas.errors import InputError


def input_gradient(loss: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Return the gradient (n, C, H, W) of the sum of per-image losses (n,) at points; it may not be finite."""
    with torch.enable_grad():
        points = points.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(points).sum(), points)
    return gradient


def without_gradient(model: nn.Module, images: Tensor, labels: Tensor, loss: LossName) -> Tensor:
    """Return whether each image (n,) has a gradient that a gradient attack cannot follow, in eval mode.

    The gradient is 0 in every pixel, because softmax saturates, or is not finite in some pixel. If there are many such
    images, robust accuracy under attacks on this loss says little (Carlini et al., "On evaluating adversarial
    robustness", 2019).

    Args:
        model: the network; it is left unchanged.
        images: (n, C, H, W) in [0, 1].
        labels: (n,).
        loss: the loss that an attack would maximise. ``cw`` has no gradient wherever an image is misclassified.

    Raises:
        InputError: the loss is ``kl``, whose gradient is 0 at every original image.
    """
    if loss == "kl":
        raise InputError("loss kl has no gradient at an original image; use cross-entropy or margin")
    with attacking(model):
        gradient = input_gradient(lambda points: LOSSES[loss](model(points), labels), images).flatten(1)
    return ~gradient.isfinite().all(dim=1) | (gradient == 0).all(dim=1)


def zero_gradient_share(model: nn.Module, images: Tensor, labels: Tensor, loss: LossName) -> float:
    """Return the share, in [0, 1], of images without a usable gradient (:func:`without_gradient`); at least 1 image."""
    return without_gradient(model, images, labels, loss).double().mean().item()
