"""Load everything that the settings of a supernet name, and resolve what a user gives to such settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch

from rnas.data._extra import load_extra
from rnas.data.dataset import Dataset, Split, content_hash, divide
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.training_settings import TrainingSettings
from rnas.nas.space import SearchSpace
from rnas.nas.supernet.settings import SupernetSettings
from rnas.nas.supernet.supernet import Supernet, sharing
from rnas.nas.supernet.trainer import SupernetTrainer, supernet_cost
from rnas.training.plan import Plan
from rnas.training.search_cost import SearchCost
from rnas.utils._devices import torch_device
from rnas.utils._yaml_files import checked

SOURCE = "supernet"
"""Name of the settings in messages."""


@dataclass(frozen=True)
class SupernetSetup:
    """Hold a supernet that can be trained.

    Attributes:
        settings: everything that decides it.
        space: the search space.
        dataset: the data.
        splits: images on the device.
        extra: further training images on the device, or None.
    """

    settings: SupernetSettings
    space: SearchSpace
    dataset: Dataset
    splits: Mapping[str, Split]
    extra: Split | None

    @classmethod
    def of(cls, settings: SupernetSettings) -> Self:
        """Read what the settings name.

        Raises:
            InputError: data are missing or do not suffice, the networks of the space share no weights, or there is no
                such device here.
        """
        if settings.device == "cuda" and not torch.cuda.is_available():
            raise InputError("this supernet trains on cuda, which is not available here: resume it where it is")
        dataset = load_dataset(settings.data, settings.data_dir)
        splits = divide(dataset, settings.images, settings.split_seed, settings.device)
        asked, held = settings.fidelity.images, len(splits["train"])
        if asked is not None and asked > held:
            raise InputError(f"fidelity.images asks for {asked} images; the train split holds {held}")
        space = settings.made_space()
        sharing(space)
        extra = None
        if settings.recipe.extra_fraction:
            if settings.extra is None:
                raise InputError(
                    f"recipe {settings.recipe.name} needs extra data: set extra to its file, or recipe.extra_fraction "
                    "to 0"
                )
            extra = load_extra(settings.extra, dataset).to(settings.device)
        return cls(settings, space, dataset, splits, extra)

    @property
    def plan(self) -> Plan:
        """Return recipe and length."""
        settings = self.settings
        return Plan(settings.recipe, settings.fidelity, settings.eps, self.dataset.num_classes, settings.augmentation)

    @property
    def cost(self) -> SearchCost:
        """Return the images of the whole training; seconds are not counted."""
        return supernet_cost(self.plan, len(self.splits["train"]), self.settings.sampling, self.space)

    @cached_property
    def data_record(self) -> Mapping[str, Any]:
        """Describe the images with a hash, as JSON values."""
        return {
            "name": self.dataset.name,
            "hash": content_hash(self.splits),
            "images": {name: len(split) for name, split in self.splits.items()},
        }

    def supernet(self) -> Supernet:
        """Return the supernet with its initial weights."""
        return Supernet(self.space, self.settings.seed, self.settings.device)

    def trainer(self, supernet: Supernet) -> SupernetTrainer:
        """Return the training of a supernet before its first epoch."""
        settings = self.settings
        return SupernetTrainer(supernet, self.splits["train"], self.plan, settings.seed, settings.sampling, self.extra)


def resolve_settings(space: str | Mapping[str, Any], given: Mapping[str, Any]) -> SupernetSettings:
    """Resolve the settings of a supernet; data and fidelity default to those of a search on the same data.

    Args:
        space: name of a space, or a mapping of its name and its settings.
        given: keys of :class:`SupernetSettings`; None is not given. ``fidelity`` may be given in part; ``epochs`` and
            ``batch_size`` are those of the fidelity, and ``device`` may be ``auto``.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    content = {name: value for name, value in given.items() if value is not None}
    own = {name: content.pop(name) for name in ("seed", "sampling") if name in content}
    device = torch_device(content.pop("device", "auto"))
    short = {name: content.pop(name) for name in ("epochs", "batch_size") if name in content}
    fidelity = {**short, **(content.pop("fidelity", None) or {})}
    sizes = content.get("images")
    if isinstance(sizes, int):
        sizes = {"train": sizes}
    if isinstance(sizes, Mapping):
        content["images"] = {**_default_sizes(content), **sizes}
    resolved = checked(TrainingSettings, content, SOURCE).resolved()
    values = dict(resolved) | {"fidelity": {**dict(resolved.fidelity), **fidelity}}
    described = {"name": space} if isinstance(space, str) else dict(space)
    settings = checked(SupernetSettings, {**values, "space": described, "device": device, **own}, SOURCE)
    made = settings.made_space()
    return settings.model_copy(update={"space": {"name": described["name"], **made.settings.model_dump(mode="json")}})


def _default_sizes(content: Mapping[str, Any]) -> dict[str, Any]:
    folder = content.get("data_dir")
    dataset = load_dataset(content.get("data", TrainingSettings().data), None if folder is None else Path(folder))
    return dataset.splits.model_dump()
