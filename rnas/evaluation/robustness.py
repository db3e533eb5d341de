"""Measure the robust accuracy of a network on a split of the data, and its continuous counterpart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from rnas.attacks._check_perturbation import check_perturbation
from rnas.attacks.attack import Attack
from rnas.attacks.losses import wrong_class
from rnas.attacks.state import attacking
from rnas.data.dataset import Split
from rnas.training._graphed_attack import graphed_where_possible
from rnas.training.numerics import Numerics
from rnas.utils._devices import now

_NEXT = 104_729


@dataclass(frozen=True)
class Robustness:
    """Hold results for each image; every field is (n,) on the CPU, in the order of the split.

    Attributes:
        clean: whether the clean image is classified correctly.
        robust: whether the image is classified correctly, both clean and under every attack.
        margin: least margin of softmax probabilities, in [-1, 1], over the image and its adversarial versions: the
            probability of the label minus the greatest other. Margins of logits cannot be compared across networks.
    """

    clean: Tensor
    robust: Tensor
    margin: Tensor

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Return the means as ``clean_accuracy``, ``robust_accuracy`` and ``robust_margin``."""
        return {
            f"{prefix}clean_accuracy": self.clean.double().mean().item(),
            f"{prefix}robust_accuracy": self.robust.double().mean().item(),
            f"{prefix}robust_margin": self.margin.double().mean().item(),
        }


def attack_seed(seed: int, number: int = 0) -> int:
    """Return the noise seed of the attack with a number, from 0; a single attack has the seed of number 0."""
    return seed * _NEXT + number


def judge(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return whether (n,) logits (n, K) are right, and their softmax margin (n,) in [-1, 1].

    A row with a logit that is not finite is wrong and has margin -1; argmax alone would take NaN for a class.
    """
    probabilities = logits.float().softmax(dim=1)
    margin = probabilities.gather(1, labels[:, None]).squeeze(1) - wrong_class(probabilities, labels)
    finite = logits.isfinite().all(dim=1)
    right = (logits.argmax(dim=1) == labels) & finite
    return right, torch.where(finite, margin, -torch.ones_like(margin))


def evaluate_robustness(
    model: nn.Module,
    split: Split,
    attacks: Sequence[Attack],
    seed: int,
    batch_size: int = 500,
    check: Callable[[float], None] = lambda share: None,
    graphs: bool = False,
) -> Robustness:
    """Classify every image of a split, both clean and under each attack, in eval mode.

    Args:
        model: network on the device of the split; its mode is left unchanged.
        split: images to attack.
        attacks: the attacks; an image is robust if it withstands all of them.
        seed: seed of the attacks' noise; each attack has its own.
        batch_size: images per batch; it affects only memory and rounding.
        check: function that is called before every batch with the share done; it raises to stop.
        graphs: whether a GPU runs PGD as CUDA graphs; the network must be one that can be captured.

    Raises:
        InputError: an attack left its ball.
    """
    run = [
        graphed_where_possible(attack, model, split, batch_size) if graphs else partial(attack, model)
        for attack in attacks
    ]
    clean, robust, margins = [], [], []
    for start in range(0, len(split), batch_size):
        check(start / len(split))
        rows = slice(start, start + batch_size)
        images = split.images(rows).contiguous(memory_format=torch.channels_last)
        labels, ids = split.labels[rows], split.ids[rows]
        with attacking(model), torch.no_grad():
            right, margin = judge(model(images), labels)
        clean.append(right)
        for number, attack in enumerate(attacks):
            found = run[number](images, labels, ids, attack_seed(seed, number))
            adversarial = check_perturbation(attack, images, found)
            with attacking(model), torch.no_grad():
                withstood, attacked_margin = judge(model(adversarial), labels)
            right, margin = right & withstood, torch.minimum(margin, attacked_margin)
        robust.append(right)
        margins.append(margin)
    return Robustness(torch.cat(clean).cpu(), torch.cat(robust).cpu(), torch.cat(margins).cpu())


def image_seconds(model: nn.Module, split: Split, attacks: Sequence[Attack]) -> float:
    """Return the seconds that :func:`evaluate_robustness` takes for an image, measured on a split as one batch."""
    device = split.pixels.device
    # Libraries choose and load their kernels in the first run; on a GPU, for each size of a batch again.
    warm_up = split.first(1) if device.type == "cpu" else split
    with Numerics().active(device):
        evaluate_robustness(model, warm_up, attacks, 0, len(split))
        started = now(str(device))
        evaluate_robustness(model, split, attacks, 0, len(split))
        return (now(str(device)) - started) / len(split)
