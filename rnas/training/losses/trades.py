"""Compute the loss of TRADES (Zhang et al., ICML 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import NonNegativeFloat

from rnas.training.losses._batch import Batch, Value
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch.nn.functional as F

    from rnas.attacks import losses
else:
    F = LazyModule("torch.nn.functional")
    losses = LazyModule("rnas.attacks.losses")


class TRADES(Model):
    """Add cross-entropy on the images and beta times the divergence of the adversarial prediction from the clean one.

    The clean prediction in the divergence has a gradient too.
    """

    name: Literal["trades"] = "trades"
    beta: NonNegativeFloat = 6.0
    """Weight of robustness, 1 / lambda in the paper."""
    soft_targets: ClassVar[bool] = True
    needs_clean: ClassVar[bool] = True

    def __call__(self, batch: Batch) -> Value:
        """Return the loss of a batch; batch normalisation sees the clean images first."""
        clean = batch.clean_forward(batch.images)
        logits = batch.forward(batch.adversarial)
        natural = F.cross_entropy(clean, batch.targets, label_smoothing=batch.label_smoothing)
        return Value(natural + self.beta * losses.divergence(logits, clean).mean(), logits)
