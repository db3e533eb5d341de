"""Define the inputs and outputs of a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


Forward = Callable[["Tensor"], "Tensor"]
"""The network in training mode, from images (n, C, H, W) to logits (n, K) in at least float32."""


@dataclass(frozen=True)
class Batch:
    """Hold the images of one step, and the network that runs on them.

    Attributes:
        images: (n, C, H, W) in [0, 1], augmented.
        adversarial: (n, C, H, W), the adversarial images; equal to ``images`` without an inner attack.
        targets: classes (n,) int64, or class probabilities (n, K).
        label_smoothing: share of the probability in [0, 1) that is spread evenly over all classes.
        clean_forward: the network as it runs on ``images``.
        forward: the network as it runs on the adversarial images.
    """

    images: Tensor
    adversarial: Tensor
    targets: Tensor
    label_smoothing: float
    clean_forward: Forward
    forward: Forward


@dataclass(frozen=True)
class Value:
    """Hold the value of a loss.

    Attributes:
        loss: mean over the batch, a scalar with a gradient.
        logits: (n, K), logits of the adversarial images.
    """

    loss: Tensor
    logits: Tensor
