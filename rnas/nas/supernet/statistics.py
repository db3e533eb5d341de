"""Measure the running statistics of a path, which no two paths share."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from rnas.data.dataset import Split
from rnas.training._average import renew_statistics
from rnas.training.inner_attack import PGDInner
from rnas.training.plan import Plan
from rnas.training.search_cost import SearchCost

IMAGES = 1_000
"""Training images on which the statistics are measured, at most."""


def measure_statistics(model: nn.Module, split: Split, plan: Plan, seed: int) -> None:
    """Set the running statistics of batch normalisation to those of training images.

    The clean images come first. If a recipe lets only adversarial images update the statistics, the images are attacked
    at those statistics, and their own replace them.

    Args:
        model: network, on the device of the images.
        split: training images, of which the first are taken.
        plan: recipe and batch size.
        seed: seed of the attack's noise.
    """
    if not _has_statistics(model):
        return
    with plan.recipe.numerics.active(split.pixels.device):
        renew_statistics((images for images, _ in _batches(split, plan)), model)
        attack = _attack(plan)
        if attack is None:
            return
        found = [
            attack.attack(plan.epsilon)(model, images, split.labels[rows], split.ids[rows], seed)
            for images, rows in _batches(split, plan)
        ]
        renew_statistics(found, model)


def statistics_cost(plan: Plan, held: int) -> SearchCost:
    """Count the images of :func:`measure_statistics`, of a train split that holds some images."""
    images = min(IMAGES, plan.images(held))
    attack = _attack(plan)
    if attack is None:
        return SearchCost(images, 0)
    return SearchCost(images * (2 + attack.steps), images * attack.steps)


def _has_statistics(model: nn.Module) -> bool:
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def _attack(plan: Plan) -> PGDInner | None:
    attack = plan.inner_attack
    if isinstance(attack, PGDInner) and plan.recipe.statistics == "adversarial":
        return attack.model_copy(update={"mode": "eval"})
    return None


def _batches(split: Split, plan: Plan) -> Iterator[tuple[Tensor, slice]]:
    images, size = min(IMAGES, plan.images(len(split))), plan.fidelity.batch_size
    for start in range(0, images, size):
        # Normalisation over few images is too noisy: a short rest joins the batch before it.
        end = images if images - start < 2 * size else start + size
        rows = slice(start, end)
        yield split.images(rows).contiguous(memory_format=torch.channels_last), rows
        if end == images:
            return
