"""Measure the accuracy of a network under the common corruptions (Hendrycks and Dietterich, ICLR 2019)."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.data.corruptions._published import published_labels, published_names, published_split
from rnas.data.corruptions.named import CORRUPTIONS, FURTHER, OURS, SEVERITIES, corrupted
from rnas.data.dataset import Split
from rnas.errors import InputError
from rnas.evaluation.robustness import judge
from rnas.evaluation.subject import images_hash
from rnas.statistics.proportions import Proportion, proportion

_Z = 1.959964


@dataclass(frozen=True)
class CorruptionRobustness:
    """Hold results for each image under each corruption and severity.

    Attributes:
        correct: whether each image was classified correctly, by corruption and severity: (n,) bool on the CPU, in the
            order of the images.
        published: whether the images come from published files, and were not computed.
        seed: seed of the random numbers for computed images; None for published images.
    """

    correct: Mapping[tuple[str, int], Tensor]
    published: bool
    seed: int | None

    @property
    def accuracies(self) -> dict[tuple[str, int], Proportion]:
        """Return the accuracy with its Wilson 95 % interval, by corruption and severity."""
        return {place: _share(right) for place, right in self.correct.items()}

    @property
    def mean(self) -> Proportion:
        """Return the mean of the accuracies under the fifteen corruptions, with its 95 % interval.

        Every corruption shows the same images. The interval is therefore that of a mean over images; the value of an
        image is its share of correct corruptions. It treats these shares as normal, not as Bernoulli.
        """
        return self._mean([right for (name, _), right in self.correct.items() if name not in FURTHER])

    @property
    def mean_of_all(self) -> Proportion | None:
        """Return the mean under all nineteen corruptions of the published files; None without the four further ones."""
        return self._mean(list(self.correct.values())) if any(name in FURTHER for name, _ in self.correct) else None

    def _mean(self, correct: Sequence[Tensor]) -> Proportion:
        shares = torch.stack(list(correct)).double().mean(dim=0)
        value, images = shares.mean().item(), len(shares)
        reach = _Z * shares.std().item() / math.sqrt(images) if images > 1 else 1.0
        return Proportion(value, max(value - reach, 0.0), min(value + reach, 1.0), images)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: the mean, the accuracy under each corruption, and at each of its severities."""
        accuracies = self.accuracies
        severities: dict[str, list[int]] = {}
        for name, severity in self.correct:
            severities.setdefault(name, []).append(severity)
        return {
            "images": "published" if self.published else "computed",
            "comparable": [name for name in severities if self.published or name not in OURS],
            "seed": self.seed,
            "interval": "95 %: Wilson; for the mean, over images",
            "mean": _json(self.mean),
            "mean_of_19": None if self.mean_of_all is None else _json(self.mean_of_all),
            "corruptions": [
                {
                    "name": name,
                    "accuracy": sum(accuracies[name, severity].value for severity in at) / len(at),
                    "severities": [{"severity": severity, **_json(accuracies[name, severity])} for severity in at],
                }
                for name, at in severities.items()
            ],
        }


def evaluate_corruptions(
    model: nn.Module,
    split: Split,
    seed: int = 0,
    corruptions: Sequence[str] = tuple(CORRUPTIONS),
    severities: Sequence[int] = SEVERITIES,
    batch_size: int = 500,
) -> CorruptionRobustness:
    """Compute each corruption and classify every image of a split under it, in eval mode.

    Args:
        model: network on the device of the split; its mode is left unchanged.
        split: images with 1 or 3 channels and at least 8x8 pixels.
        seed: seed of the random numbers of corruptions.
        corruptions: names from :data:`rnas.data.corruptions.CORRUPTIONS`.
        severities: numbers from 1 to 5.
        batch_size: images per batch; it affects only memory and rounding.

    Raises:
        InputError: there is no such corruption or severity, or the images are too small.
    """

    def images_of(name: str, severity: int) -> Callable[[slice], tuple[Tensor, Tensor]]:
        def batch(rows: slice) -> tuple[Tensor, Tensor]:
            return corrupted(name, split.images(rows), severity, split.ids[rows], seed), split.labels[rows]

        return batch

    correct = _evaluated(model, images_of, len(split), corruptions, severities, batch_size)
    return CorruptionRobustness(correct, published=False, seed=seed)


def evaluate_published_corruptions(
    model: nn.Module,
    folder: Path,
    num_classes: int,
    rows: Tensor | None = None,
    device: torch.device | str = "cpu",
    corruptions: Sequence[str] | None = None,
    severities: Sequence[int] = SEVERITIES,
    batch_size: int = 500,
) -> CorruptionRobustness:
    """Classify published corrupted images, CIFAR-10-C or CIFAR-100-C, in eval mode.

    Args:
        model: network for 3x32x32 images; its mode is left unchanged.
        folder: folder that contains the files; see :mod:`rnas.data.corruptions._published`.
        num_classes: number of the network's classes, 10 or 100.
        rows: (n,) int64, positions in the published test set; None takes all 10,000.
        device: device of the model.
        corruptions: names of corruptions; None is the fifteen, and the four further ones if the folder has them.
        severities: numbers from 1 to 5.
        batch_size: images per batch; it affects only memory and rounding.

    Raises:
        InputError: a file is missing or has the wrong content, or its number of classes is not the network's.
    """
    classes = int(published_labels(folder).max()) + 1
    if classes != num_classes:
        raise InputError(
            f"{folder} has images of {classes} classes, but the network has {num_classes}: give the other folder"
        )

    def images_of(name: str, severity: int) -> Callable[[slice], tuple[Tensor, Tensor]]:
        split = published_split(folder, name, severity, rows)

        def batch(rows: slice) -> tuple[Tensor, Tensor]:
            return split.images(rows).to(device), split.labels[rows].to(device)

        return batch

    corruptions = published_names(folder) if corruptions is None else corruptions
    count = len(published_labels(folder) if rows is None else rows)
    correct = _evaluated(model, images_of, count, corruptions, severities, batch_size)
    return CorruptionRobustness(correct, published=True, seed=None)


def published_hash(folder: Path, rows: Tensor) -> str:
    """Return the first 16 hexadecimal digits of the sha256 of published corrupted images.

    Args:
        folder: folder that contains the files.
        rows: (n,) int64, positions in the published test set.

    Raises:
        InputError: a file is missing or has the wrong content.
    """
    digest = hashlib.sha256()
    for name, severity in product(published_names(folder), SEVERITIES):
        digest.update(f"{name} {severity} {images_hash(published_split(folder, name, severity, rows))}\n".encode())
    return digest.hexdigest()[:16]


def _evaluated(
    model: nn.Module,
    images_of: Callable[[str, int], Callable[[slice], tuple[Tensor, Tensor]]],
    count: int,
    corruptions: Sequence[str],
    severities: Sequence[int],
    batch_size: int,
) -> dict[tuple[str, int], Tensor]:
    correct = {}
    for name, severity in product(corruptions, severities):
        batch_of = images_of(name, severity)
        right = []
        for start in range(0, count, batch_size):
            images, labels = batch_of(slice(start, start + batch_size))
            with attacking(model), torch.no_grad():
                right.append(judge(model(images.contiguous(memory_format=torch.channels_last)), labels)[0].cpu())
        correct[name, severity] = torch.cat(right)
    return correct


def _share(right: Tensor) -> Proportion:
    return proportion(right.double().mean().item(), len(right))


def _json(share: Proportion) -> dict[str, float]:
    return {"accuracy": share.value, "low": share.low, "high": share.high, "images": share.images}
