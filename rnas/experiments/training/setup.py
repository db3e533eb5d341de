"""Load the splits that the settings of a training name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import torch
from torch import nn

from rnas.data._extra import load_extra
from rnas.data.dataset import Dataset, Split, content_hash, divide
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.training_data import describe_network
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.training.plan import Plan
from rnas.training.trainer import Trainer


@dataclass(frozen=True)
class Setup:
    """Hold a training that can be run.

    Attributes:
        settings: everything that decides it.
        architecture: the network.
        dataset: the data.
        splits: train, val and test images on the device; search_val is empty.
        extra: further training images on the device, or None.
    """

    settings: TrainingRunSettings
    architecture: Architecture
    dataset: Dataset
    splits: Mapping[str, Split]
    extra: Split | None

    @classmethod
    def of(cls, settings: TrainingRunSettings) -> Self:
        """Read what the settings name.

        Raises:
            InputError: data are missing or do not suffice, the network cannot run on them, or there is no such device.
        """
        if settings.device == "cuda" and not torch.cuda.is_available():
            raise InputError(
                "this training runs on cuda, which is not available here: resume it on a machine that has it"
            )
        architecture = arch.from_dict(settings.architecture)
        dataset = load_dataset(settings.data, settings.data_dir)
        splits = divide(dataset, settings.images, settings.split_seed, settings.device)
        asked, held = settings.fidelity.images, len(splits["train"])
        if asked is not None and asked > held:
            raise InputError(f"fidelity.images asks for {asked} images; the train split holds {held}")
        setup = cls(settings, architecture, dataset, splits, _extra(settings, dataset))
        with torch.device("meta"):
            setup.build()
        return setup

    @cached_property
    def data_record(self) -> Mapping[str, Any]:
        """Describe the images with hashes, as JSON values."""
        settings, dataset = self.settings, self.dataset
        extra = self.extra
        return {
            "name": dataset.name,
            "hash": content_hash(self.splits),
            "sha256": dataset.digest,
            "published_checksums": dataset.verified,
            "classes": list(dataset.classes),
            "input_shape": list(dataset.input_shape),
            "num_classes": dataset.num_classes,
            "split_seed": settings.split_seed,
            "images": {name: len(split) for name, split in self.splits.items()},
            "trained_on": settings.fidelity.images or len(self.splits["train"]),
            "published_test_images": dataset.num_test_images > 0,
            "extra": None
            if extra is None
            else {"file": str(settings.extra), "images": len(extra), "sha256": extra.digest},
        }

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """Describe network and data as JSON values, for the files of the weights."""
        return describe_network(self.architecture, self.dataset, self.settings)

    @property
    def images(self) -> int:
        """Return the number of images of the train split that are used in training."""
        return int(self.data_record["trained_on"])

    def plan(self, batch_size: int | None = None) -> Plan:
        """Return recipe and length, with another batch size if one is given."""
        settings = self.settings
        changes = {} if batch_size is None else {"batch_size": batch_size}
        fidelity = settings.fidelity.model_copy(update=changes)
        return Plan(settings.recipe, fidelity, settings.eps, self.dataset.num_classes, settings.augmentation)

    def build(self) -> nn.Module:
        """Build the network on the CPU, with weights from torch's global generator."""
        return arch.build(self.architecture, self.dataset.num_classes, self.dataset.input_shape)

    def trainer(self, batch_size: int | None = None) -> Trainer:
        """Return the training before its first epoch."""
        settings = self.settings
        # Weights are drawn on the CPU, so that they do not depend on the device.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            model = self.build()
        model.to(settings.device)
        return Trainer(model, self.splits["train"], self.plan(batch_size), settings.seed, self.extra)


def _extra(settings: TrainingRunSettings, dataset: Dataset) -> Split | None:
    recipe, path = settings.recipe, settings.extra
    if recipe.extra_fraction and path is None:
        raise InputError(
            f"recipe {recipe.name} takes {recipe.extra_fraction:.0%} of each batch from extra data: give a file of it "
            "as extra, or do without: set recipe.extra_fraction to 0"
        )
    if path is None:
        return None
    if not recipe.extra_fraction:
        raise InputError(
            f"recipe {recipe.name} takes nothing from extra data: leave it out, or say how much: "
            "set recipe.extra_fraction to 0.5"
        )
    return load_extra(path, dataset).to(settings.device)
