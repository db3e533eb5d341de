"""Compute the loss that an attack maximises, per image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.attacks.names import LossName
from rnas.errors import InputError


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy (n,) of logits (n, K)."""
    return F.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the greatest logit of a wrong class minus the logit of the label, (n,); it is above 0 if misclassified.

    Unlike the loss of Carlini and Wagner (2017) it is not clipped at 0, so it keeps a gradient.
    """
    return wrong_class(logits, labels) - logits.gather(1, labels[:, None]).squeeze(1)


def carlini_wagner(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the margin clipped at 0, (n,): a misclassified image has no gradient (Carlini and Wagner, S&P 2017).

    This is their function f_6 with kappa 0, as papers run it under the name CW in the l-infinity ball.
    """
    return margin(logits, labels).clamp(max=0)


def logits_ratio(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the difference of logits ratio (n,) of logits (n, K), K >= 3 (Croce and Hein, ICML 2020, equation 6).

    It is the margin divided by the difference of the greatest and the third greatest logit, so neither shift nor scale
    of the logits changes it. With three classes the third greatest is the least. If the label's logit is the third
    greatest, the ratio is 1 and has no gradient.

    Raises:
        InputError: there are fewer than three classes.
    """
    if logits.shape[1] < 3:
        raise InputError(f"loss dlr needs at least 3 classes, but there are {logits.shape[1]}; use margin")
    greatest = logits.topk(3, dim=1).values
    # The constant is from the paper's code; it makes the ratio of equal logits 0.
    return margin(logits, labels) / (greatest[:, 0] - greatest[:, 2] + 1e-12)


def wrong_class(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the greatest score (n,) among the classes other than the label, of scores (n, K), K >= 2."""
    return scores.scatter(1, labels[:, None], -torch.inf).amax(dim=1)


def divergence(logits: Tensor, clean: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence (n,) of predictions of logits (n, K) from those of clean logits (n, K).

    It is sum_k p_k (log p_k - log q_k), where p is the clean prediction; TRADES maximises it (Zhang et al., ICML 2019).
    """
    target = clean.float().log_softmax(1) if clean.dtype != torch.float64 else clean.log_softmax(1)
    return F.kl_div(logits.to(target.dtype).log_softmax(1), target, reduction="none", log_target=True).sum(1)


LOSSES: dict[LossName, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": cross_entropy,
    "margin": margin,
    "cw": carlini_wagner,
    "dlr": logits_ratio,
}
"""Losses of logits (n, K) and labels (n,)."""


def loss_of(name: LossName, model: nn.Module, images: Tensor, labels: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the loss (n,) as a function of the logits (n, K) of attacked images.

    Args:
        name: name of the loss; for ``kl`` this call computes the prediction on the original images.
        model: the network in the state in which it is attacked.
        images: (n, C, H, W), the original images.
        labels: (n,).
    """
    if name != "kl":
        per_image = LOSSES[name]
        return lambda logits: per_image(logits, labels)
    with torch.no_grad():
        clean = model(images)
    return lambda logits: divergence(logits, clean)


def misclassified(logits: Tensor, labels: Tensor) -> Tensor:
    """Return whether each image (n,) is misclassified; an image with a logit that is not finite counts as that."""
    return (logits.argmax(dim=1) != labels) | ~logits.isfinite().all(dim=1)
