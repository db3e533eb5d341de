"""Yield the images of an epoch in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from rnas.data._cutmix import cutmix
from rnas.data.augmentation import augment
from rnas.data.dataset import Split, scaled
from rnas.training.plan import Plan


@dataclass(frozen=True)
class MiniBatch:
    """Hold the augmented images of one step.

    Attributes:
        images: (n, C, H, W) float32 in [0, 1].
        targets: classes (n,) int64, or class probabilities (n, K) if images are mixed.
        ids: (n,) int64; attack noise depends on them.
    """

    images: Tensor
    targets: Tensor
    ids: Tensor

    @property
    def labels(self) -> Tensor:
        """Return the class (n,) of each image, the more probable one if two are mixed."""
        return self.targets if self.targets.ndim == 1 else self.targets.argmax(1)


def mini_batches(split: Split, extra: Split | None, plan: Plan, epoch_seed: int) -> Iterator[MiniBatch]:
    """Yield the batches of one epoch: shuffled, joined with extra images, augmented, and mixed if the recipe says so.

    Order, augmentation and mixing depend only on the seed. A fixed number of images in every batch are extra images,
    and they replace images of the split.

    Args:
        split: training images.
        extra: extra images on the same device, for a recipe with an extra fraction.
        plan: plan of the training.
        epoch_seed: seed of this epoch.
    """
    generator = torch.Generator().manual_seed(epoch_seed)
    steps, size = plan.epoch_steps(len(split)), min(plan.fidelity.batch_size, len(split))
    further = min(round(size * plan.recipe.extra_fraction), size - 1) if extra is not None else 0
    device = split.pixels.device
    # The rows of a whole epoch are copied at once, because each copy to a GPU waits for all its pending work.
    own_rows = _split(torch.randperm(len(split), generator=generator).to(device), size - further)
    extra_rows: tuple[Tensor, ...] = ()
    if extra is not None and further:
        extra_rows = _split(_endless(extra, steps * further, generator).to(device), further)
    names = plan.augmentation if plan.recipe.augmentation is None else plan.recipe.augmentation
    memory_format = plan.recipe.numerics.memory_format
    for step in range(steps):
        drawn = [_taken(split, own_rows[step])]
        if extra is not None and further:
            drawn.append(_taken(extra, extra_rows[step]))
        pixels, labels, ids = (
            torch.cat(tensors) if len(drawn) > 1 else tensors[0] for tensors in zip(*drawn, strict=True)
        )
        images = scaled(augment(pixels, names, generator, split.white), split.white)
        targets = labels
        if plan.recipe.cutmix is not None:
            images, targets = cutmix(images, labels, plan.num_classes, plan.recipe.cutmix, generator)
        yield MiniBatch(images.contiguous(memory_format=memory_format), targets, ids)


def _endless(split: Split, count: int, generator: Generator) -> Tensor:
    """Return ``count`` rows of a split, shuffled again each time that all were drawn."""
    rounds = -(-count // len(split))
    return torch.cat([torch.randperm(len(split), generator=generator) for _ in range(rounds)])[:count]


def _split(rows: Tensor, size: int) -> tuple[Tensor, ...]:
    pieces: tuple[Tensor, ...] = torch.split(rows, size)
    return pieces


def _taken(split: Split, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return split.pixels[rows], split.labels[rows], split.ids[rows]
