"""A dataset in memory, and its four disjoint parts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt
from torch import Tensor

from rnas.architecture import Shape
from rnas.errors import InputError

PARTS = ("training", "selection", "score", "final")


class PartSizes(BaseModel):
    """How many images each part holds. ``training`` None is all that the others leave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    training: PositiveInt | None = None
    selection: NonNegativeInt = 0
    score: PositiveInt
    final: PositiveInt


@dataclass(frozen=True)
class Dataset:
    """Labelled images as they were published.

    Attributes:
        name: registered name.
        pixels: (N, C, H, W) uint8.
        labels: (N,) int64 in [0, num_classes).
        white: the pixel value that stands for 1.0.
        num_classes: number of classes.
        held_out: how many images at the end are the published test set; 0 where there is none.
        parts: default sizes of the four parts.
        epsilon: the usual l-infinity radius.
        fidelity: default training length, as keyword arguments of a Fidelity.
        augmentation: names of the augmentations that suit these images.
        note: what a reader of results on this data must know; may be empty.
    """

    name: str
    pixels: Tensor
    labels: Tensor
    white: int
    num_classes: int
    held_out: int
    parts: PartSizes
    epsilon: Fraction
    fidelity: Mapping[str, Any]
    augmentation: tuple[str, ...] = ()
    note: str = ""

    @property
    def input_shape(self) -> Shape:
        """(C, H, W) of one image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width


@dataclass(frozen=True)
class Part:
    """Images of one part, on one device.

    Attributes:
        pixels: (n, C, H, W) uint8.
        labels: (n,) int64.
        ids: (n,) int64, the images' positions in the dataset: what attack noise depends on.
        white: the pixel value that stands for 1.0.
    """

    pixels: Tensor
    labels: Tensor
    ids: Tensor
    white: int

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int) -> "Part":
        """The first ``n`` images; any prefix of a part has its classes balanced."""
        return Part(self.pixels[:n], self.labels[:n], self.ids[:n], self.white)

    def images(self, rows: Tensor | slice) -> Tensor:
        """Images (b, C, H, W) float32 in [0, 1]."""
        return self.pixels[rows].float().div_(self.white)


def balanced_order(labels: Tensor, seed: int) -> Tensor:
    """A permutation (n,) of all images, shuffled by seed, in which every prefix has the classes balanced."""
    rng = np.random.default_rng(seed)
    label = labels.numpy()
    place = np.empty(len(label))
    for number in np.unique(label):
        rows = rng.permutation(np.flatnonzero(label == number))
        place[rows] = (np.arange(len(rows)) + rng.random(len(rows))) / len(rows)
    return torch.from_numpy(np.argsort(place, kind="stable"))


def divide(dataset: Dataset, sizes: PartSizes, seed: int, device: torch.device | str = "cpu") -> dict[str, Part]:
    """The four disjoint parts of a dataset, shuffled by seed.

    Training, selection and score come from the published training images; final, on which nothing is chosen,
    from the published test images, or from the rest where the dataset has none.

    Raises:
        InputError: the parts ask for more images than there are.
    """
    split = len(dataset.labels) - dataset.held_out
    order = balanced_order(dataset.labels[:split], seed)
    asked = {"selection": sizes.selection, "score": sizes.score}
    if dataset.held_out:
        test_order = split + balanced_order(dataset.labels[split:], seed)
        if sizes.final > len(test_order):
            raise InputError(
                f"images.final asks for {sizes.final} images; {dataset.name} has {len(test_order)} test images"
            )
    else:
        asked["final"] = sizes.final
    rows: dict[str, Tensor] = {}
    start = 0
    for name, count in asked.items():
        rows[name] = order[start : start + count]
        start += count
    left = split - start
    training = left if sizes.training is None else sizes.training
    if training > left or left <= 0:
        beside = ", ".join(f"{count} for {name}" for name, count in asked.items())
        raise InputError(
            f"images.training asks for {sizes.training or 'the rest'}, but {dataset.name} has {max(left, 0)} "
            f"training images left beside {beside}: lower one of them"
        )
    rows["training"] = order[start : start + training]
    if dataset.held_out:
        rows["final"] = test_order[: sizes.final]
    return {
        name: Part(
            dataset.pixels[rows[name]].to(device),
            dataset.labels[rows[name]].to(device),
            rows[name].to(device),
            dataset.white,
        )
        for name in PARTS
    }


def content_hash(parts: Mapping[str, Part]) -> str:
    """First 16 hexadecimal digits of the sha256 of every part's pixels, labels and positions."""
    digest = hashlib.sha256()
    for name in PARTS:
        part = parts[name]
        digest.update(f"{name} {len(part)} {part.white}\n".encode())
        for tensor in (part.pixels, part.labels, part.ids):
            digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
