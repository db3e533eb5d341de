"""Compute the loss of MART (Wang et al., ICLR 2020): misclassification-aware adversarial training."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import NonNegativeFloat

from rnas.training.losses._batch import Batch, Value
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F

    from rnas.attacks import losses
else:
    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")
    losses = LazyModule("rnas.attacks.losses")

# As in the authors' code: they keep logarithms finite.
_ABOVE_ONE = 1.0001
_BARELY_ABOVE_ONE = 1.0000001
_TINY = 1e-12


class MART(Model):
    """Add boosted cross-entropy on the adversarial images and a divergence with a weight for each image.

    The boosted term also penalises the strongest wrong class. The weight of an image's divergence is one minus the
    probability that the network gives its label on the clean image.
    """

    name: Literal["mart"] = "mart"
    beta: NonNegativeFloat = 6.0
    """Weight of the divergence, lambda in the paper."""
    soft_targets: ClassVar[bool] = False
    needs_clean: ClassVar[bool] = True

    def __call__(self, batch: Batch) -> Value:
        """Return the loss of a batch whose targets are classes; batch normalisation sees the clean images first."""
        # By logarithms, as the gradient of p log p is not finite where p rounds to 0.
        clean = batch.clean_forward(batch.images).log_softmax(1)
        logits = batch.forward(batch.adversarial)
        adversarial = logits.softmax(1)
        labels = batch.targets
        strongest_wrong = losses.wrong_class(adversarial, labels)
        boosted = F.cross_entropy(logits, labels, label_smoothing=batch.label_smoothing)
        boosted = boosted - torch.log(_ABOVE_ONE - strongest_wrong + _TINY).mean()
        divergence = F.kl_div(torch.log(adversarial + _TINY), clean, reduction="none", log_target=True).sum(1)
        unsure = _BARELY_ABOVE_ONE - clean.gather(1, labels[:, None]).squeeze(1).exp()
        return Value(boosted + self.beta * (divergence * unsure).mean(), logits)
