"""The hot loop: adversarial training of one network, from scratch, on one device."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.fgsm import FGSM
from rnas.attacks.pgd import PGD
from rnas.data.augmentation import augment
from rnas.data.dataset import Part
from rnas.errors import DivergedError
from rnas.training.recipe import Fidelity, Recipe

_EPOCH_SEED = 1_000_003
_STEP_SEED = 7_919


@dataclass(frozen=True)
class Schedule:
    """Everything that a training run depends on but the network, the images and the seed."""

    recipe: Recipe
    fidelity: Fidelity
    epsilon: Fraction
    augmentation: tuple[str, ...] = ()

    def attack(self) -> Attack:
        """The attack that crafts the training images."""
        recipe, fidelity = self.recipe, self.fidelity
        step = fidelity.attack_step or recipe.attack_step
        if recipe.attack == "fgsm-rs":
            return FGSM(self.epsilon, recipe.attack_step, random_start=True)
        return PGD(self.epsilon, fidelity.attack_steps or recipe.attack_steps, step)

    def steps(self, images: int) -> int:
        """Optimiser steps of the whole run over so many training images; the last, short batch is dropped."""
        return self.fidelity.epochs * max(images // self.fidelity.batch_size, 1)


def learning_rate(share: float, recipe: Recipe) -> float:
    """Learning rate after a share, in [0, 1), of the steps: linear warm-up, then cosine to 0."""
    if share < recipe.warmup:
        return recipe.learning_rate * share / recipe.warmup
    rest = (share - recipe.warmup) / (1 - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * rest))


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Parameters for the optimiser, those of one dimension (normalisation, biases) with a decay of their own."""
    wide = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    narrow = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    decay = recipe.weight_decay if recipe.decay_normalization else 0.0
    groups = [{"params": wide, "weight_decay": recipe.weight_decay}, {"params": narrow, "weight_decay": decay}]
    return [group for group in groups if group["params"]]


def batches(n: int, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Rows of one epoch's batches, shuffled; a short last one is dropped, unless it is the only one."""
    order = torch.randperm(n, generator=generator)
    yield from torch.split(order, batch_size)[: max(n // batch_size, 1)]


def train(
    model: nn.Module,
    part: Part,
    schedule: Schedule,
    seed: int,
    check: Callable[[float], None] = lambda share: None,
) -> Iterator[Mapping[str, float]]:
    """Train a network in place; yields one mapping an epoch: epoch, loss, robust training accuracy, seconds.

    Order, augmentation and attack noise are functions of the seed and the epoch: the same for every network.

    Args:
        model: on the device of the images.
        part: training images.
        schedule: recipe, fidelity and epsilon.
        seed: of everything random here; the network comes with its weights drawn.
        check: called before every step with the share done; raises to stop.

    Raises:
        DivergedError: the loss of a step is not finite.
    """
    recipe, fidelity = schedule.recipe, schedule.fidelity
    part = part.first(fidelity.images or len(part))
    device = part.pixels.device
    nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
    optimizer = torch.optim.SGD(
        parameter_groups(model, recipe),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        fused=True,
    )
    attack = schedule.attack()
    total, step = schedule.steps(len(part)), 0
    for epoch in range(fidelity.epochs):
        started = time.perf_counter()
        epoch_seed = seed * _EPOCH_SEED + epoch
        generator = torch.Generator().manual_seed(epoch_seed)
        losses: list[Tensor] = []
        right = torch.zeros((), device=device)
        seen = 0
        for rows in batches(len(part), fidelity.batch_size, generator):
            check(step / total)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate((step + 1) / (total + 1), recipe)
            rows = rows.to(device)
            images = augment(part.images(rows), schedule.augmentation, generator)
            images = images.contiguous(memory_format=torch.channels_last)
            labels = part.labels[rows]
            adversarial = attack(model, images, labels, part.ids[rows], epoch_seed * _STEP_SEED)
            model.train()
            logits = model(adversarial)
            loss = F.cross_entropy(logits, labels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            if recipe.clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
            optimizer.step()
            losses.append(loss.detach())
            right += (logits.detach().argmax(1) == labels).sum()
            seen += len(rows)
            step += 1
            # Reading a loss waits for the device, so the ones of the last steps are read together.
            if len(losses) % 16 == 0:
                _require_finite(losses[-16:], epoch, step)
        _require_finite(losses, epoch, step)
        yield {
            "epoch": epoch + 1,
            "loss": torch.stack(losses).mean().item(),
            "training_robust_accuracy": right.item() / seen,
            "seconds": time.perf_counter() - started,
        }


def _require_finite(losses: list[Tensor], epoch: int, step: int) -> None:
    if not torch.isfinite(torch.stack(losses)).all():
        raise DivergedError(f"the training loss is not finite in epoch {epoch + 1}, by step {step}")
