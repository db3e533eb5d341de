"""Run an attack several times and take the strongest result for every image."""

from typing import Protocol

import torch
from torch import Tensor, nn

from rnas.attacks.losses import loss_of, misclassified
from rnas.attacks.names import LossName

# Any large odd number works, because the seeds of one search are small numbers.
_NEXT = 0xD6E8FEB86659FD93


class Attempt(Protocol):
    """Run an attack once."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`)."""


def restart_seed(seed: int, restart: int) -> int:
    """Return the seed of a restart, counted from 0; the first has the attack's own seed."""
    return seed + restart * _NEXT


def strongest(
    attempt: Attempt,
    restarts: int,
    loss: LossName,
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    ids: Tensor,
    seed: int,
) -> Tensor:
    """Return per image the first attempt that is misclassified, else the one with the greatest loss, (n, C, H, W).

    Images that are already misclassified are not attacked again. More attempts are never weaker on any image.

    Args:
        attempt: the attack without restarts.
        restarts: number of attempts, at least 1.
        loss: loss that compares the attempts.
        model: network in eval mode, without gradients for parameters.
        images: (n, C, H, W) in [0, 1].
        labels: (n,).
        ids: (n,).
        seed: seed of the first attempt; see :func:`restart_seed`.
    """
    best = attempt(model, images, labels, ids, seed)
    value, broken = _judged(loss, model, images, labels, best)
    for restart in range(1, restarts):
        (rows,) = torch.nonzero(~broken, as_tuple=True)
        if len(rows) == 0:
            break
        left = images[rows]
        other = attempt(model, left, labels[rows], ids[rows], restart_seed(seed, restart))
        other_value, other_broken = _judged(loss, model, left, labels[rows], other)
        better = other_broken | (other_value > value[rows])
        best[rows[better]] = other[better]
        value[rows[better]] = other_value[better]
        broken[rows] = other_broken
    return best


@torch.no_grad()
def _judged(
    loss: LossName, model: nn.Module, images: Tensor, labels: Tensor, attacked: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the loss of attacked images and whether they are misclassified, each (n,)."""
    logits = model(attacked)
    return loss_of(loss, model, images, labels)(logits), misclassified(logits, labels)
