"""Several attempts at one attack, and the strongest result of them for every image."""

from typing import Protocol

import torch
from torch import Tensor, nn

from rnas.attacks.losses import loss_of, misclassified
from rnas.attacks.names import LossName

# Any large odd number does: seeds of the same search are small ones.
_NEXT = 0xD6E8FEB86659FD93


class Attempt(Protocol):
    """One run of an attack."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`."""


def restart_seed(seed: int, restart: int) -> int:
    """Seed of a restart, counted from 0, whose is the attack's own."""
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
    """Per image the first attempt that is misclassified, else that of the greatest loss, (n, C, H, W).

    Images that are misclassified are not attacked again. So more attempts are never weaker on any image.

    Args:
        attempt: the attack without restarts.
        restarts: how many attempts, at least 1.
        loss: by which they are compared.
        model: in eval mode, without gradients for parameters.
        images: (n, C, H, W) in [0, 1].
        labels: (n,).
        ids: (n,).
        seed: see :func:`restart_seed`.
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
    """Loss of attacked images and whether they are misclassified, each (n,)."""
    logits = model(attacked)
    return loss_of(loss, model, images, labels)(logits), misclassified(logits, labels)
