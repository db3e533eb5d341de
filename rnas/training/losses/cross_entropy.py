"""Compute the cross-entropy on adversarial images (SAT; Madry et al., ICLR 2018), or on clean ones without attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from rnas.training.losses._batch import Batch, Value
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch.nn.functional as F
else:
    F = LazyModule("torch.nn.functional")


class CrossEntropy(Model):
    """Compute the mean cross-entropy of the network's prediction on the adversarial images."""

    name: Literal["cross-entropy"] = "cross-entropy"
    soft_targets: ClassVar[bool] = True
    needs_clean: ClassVar[bool] = False

    def __call__(self, batch: Batch) -> Value:
        """Return the loss of a batch."""
        logits = batch.forward(batch.adversarial)
        return Value(F.cross_entropy(logits, batch.targets, label_smoothing=batch.label_smoothing), logits)
