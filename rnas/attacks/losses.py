"""What an attack maximises, per image."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

LossName = Literal["cross-entropy", "margin"]


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy (n,) of logits (n, K)."""
    return F.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Greatest logit of a wrong class minus the logit of the label, (n,): above 0 where misclassified.

    Unlike the loss of Carlini and Wagner (2017) it is not cut off at 0, so it keeps a gradient.
    """
    return wrong_class(logits, labels) - logits.gather(1, labels[:, None]).squeeze(1)


def wrong_class(scores: Tensor, labels: Tensor) -> Tensor:
    """Greatest score (n,) among the classes other than the label, of scores (n, K), K >= 2."""
    label = F.one_hot(labels, scores.shape[1]).bool()
    return scores.masked_fill(label, -torch.inf).amax(dim=1)


LOSSES: dict[LossName, Callable[[Tensor, Tensor], Tensor]] = {"cross-entropy": cross_entropy, "margin": margin}
