"""Describe the data that weights were trained on, so that weights and data cannot lose each other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from rnas.data.dataset import SPLITS, Dataset, divide
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.utils.quantities import parse_fraction

SCHEMA_VERSION = 1
CHECKPOINT, UNTRAINED = "checkpoint", "untrained"
"""Status of weights in the folder of their training or search, and of weights that were drawn from a seed."""

_SHOWN = 8


@dataclass(frozen=True)
class TrainingData:
    """Hold what identifies the images and classes of a training, and which images it saw.

    Attributes:
        name: registered name of the data.
        sha256: digest of all pixels and labels; see :attr:`rnas.data.Dataset.digest`.
        num_test_images: number of published test images, which come last.
        classes: names of the classes by label; empty if they have none.
        split_seed: seed that divided the data.
        images: sizes of the splits.
        epsilon: l-infinity radius that it was trained for.
    """

    name: str
    sha256: str
    num_test_images: int
    classes: tuple[str, ...]
    split_seed: int
    images: SplitSizes
    epsilon: Fraction

    @classmethod
    def of(cls, dataset: Dataset, training: ResolvedTraining) -> Self:
        """Describe the data of a training."""
        return cls(
            dataset.name,
            dataset.digest,
            dataset.num_test_images,
            dataset.classes,
            training.split_seed,
            training.images,
            training.eps,
        )

    @classmethod
    def described(cls, description: Mapping[str, Any] | None, weights: Path) -> Self | None:
        """Return what a file of weights says of its training; None if it says nothing.

        Args:
            description: what :func:`rnas.networks.weights.describe_weights` read from the file.
            weights: the file, for messages.

        Raises:
            InputError: the description has other parts than those of rnas.
        """
        content = None if description is None else description.get("weights", {}).get("data")
        if content is None:
            return None
        try:
            return cls(
                str(content["name"]),
                str(content["sha256"]),
                int(content["num_test_images"]),
                tuple(map(str, content["classes"])),
                int(content["split_seed"]),
                _sizes(content["images"]),
                parse_fraction(content["epsilon"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{weights}: its description cannot be read ({error}); restore it from a copy") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "num_test_images": self.num_test_images,
            "classes": list(self.classes),
            "split_seed": self.split_seed,
            "images": self.images.model_dump(mode="json"),
            "epsilon": str(self.epsilon),
        }

    def is_of(self, dataset: Dataset) -> bool:
        """Return whether a data set has the same images, in the same order and with the same labels."""
        return self.sha256 == dataset.digest

    def seen(self, dataset: Dataset) -> set[int]:
        """Return the positions, in a data set of the same images, of those that were trained or chosen on."""
        known = dataset
        if known.num_test_images != self.num_test_images:
            known = replace(dataset, num_test_images=self.num_test_images)
        splits = divide(known, self.images, self.split_seed)
        return {row for name in SPLITS if name != "test" for row in splits[name].ids.tolist()}

    def require_classes(self, dataset: Dataset, network: str) -> None:
        """Raise InputError unless the classes are those of a data set, where both have names."""
        if self.classes and dataset.classes and self.classes != dataset.classes:
            raise InputError(
                f"{network} was trained on the classes {listed(self.classes)}, and {dataset.name} has "
                f"{listed(dataset.classes)}: its logits mean other classes here; give data of the same classes"
            )


def describe_network(architecture: Architecture, dataset: Dataset, training: ResolvedTraining) -> dict[str, Any]:
    """Return the description that a file of trained weights contains, as JSON values.

    Args:
        architecture: the trained network.
        dataset: the data.
        training: settings of the training.
    """
    key = arch.key(architecture)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": f"{architecture.kind}-{key}",
        "architecture": arch.to_dict(architecture),
        "key": key,
        "input_shape": list(dataset.input_shape),
        "num_classes": dataset.num_classes,
        "classes": list(dataset.classes),
        "weights": {
            "status": CHECKPOINT,
            "training": {"settings": training.portable},
            "data": TrainingData.of(dataset, training).to_dict(),
        },
    }


def is_checkpoint(description: Mapping[str, Any]) -> bool:
    """Return whether a description is that of weights in the folder of their training or search."""
    return bool(description.get("weights", {}).get("status") == CHECKPOINT)


def is_untrained(description: Mapping[str, Any] | None) -> bool:
    """Return whether the description of weights says that they were drawn from a seed and never trained."""
    return description is not None and description.get("weights", {}).get("status") == UNTRAINED


def listed(classes: tuple[str, ...]) -> str:
    """Return the names of the classes in the order of the logits, of many the first."""
    return f"{', '.join(classes[:_SHOWN])}{', ...' if len(classes) > _SHOWN else ''}"


def _sizes(content: Mapping[str, Any]) -> SplitSizes:
    train, val, search_val, test = (content[name] for name in SPLITS)
    # A training without a search has no images of search_val, of which a search must have some.
    return SplitSizes.model_construct(
        train=None if train is None else int(train), val=int(val), search_val=int(search_val), test=int(test)
    )
