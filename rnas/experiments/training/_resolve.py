"""Resolve what a user gives to the settings of a training; the rest comes from the recipe and the data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rnas.data.dataset import Dataset, divide
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.subject import EvaluatedNetwork
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiments.training._activation import with_activation
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.networks import architecture as arch
from rnas.training.recipe import Recipe
from rnas.utils._devices import torch_device
from rnas.utils._yaml_files import checked

SOURCE = "train"
"""Name of the settings in messages."""

_DATA = "cifar10"
_MOST_VAL = 1_024
_OF_FIDELITY = ("epochs", "batch_size")


def resolve_settings(reference: EvaluatedNetwork, given: Mapping[str, Any]) -> TrainingRunSettings:
    """Resolve the settings of a training.

    Data, radius and division into splits default to those of the search that the network comes from, else to CIFAR-10
    and the data's own; epochs, batch size and attack to the recipe's. A tenth of the training images, 1,024 at most, is
    the val split, on which the best epoch is chosen. Where the data have no published test images, the test split is
    that of the search and the val split takes over its search_val images, so that nothing was chosen on the test split.

    Args:
        reference: the network.
        given: keys of :class:`TrainingRunSettings` but ``network`` and ``architecture``; None is not
            given. ``recipe`` is a recipe, a name,
            or a mapping of it and what differs; ``images`` and ``fidelity`` may be given in part;
            ``images`` may be the size of the train split alone; ``epochs`` and ``batch_size`` are those of the
            fidelity; ``device`` may be ``auto``.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    given = {key: value for key, value in given.items() if value is not None}
    settable = [key for key in TrainingRunSettings.model_fields if key not in ("network", "architecture")]
    settable += _OF_FIDELITY
    for key in given:
        if key not in settable:
            raise InputError(f"{SOURCE}: {key}: unknown key; it has {', '.join(settable)}")
    recipe = Recipe.resolve(given.pop("recipe", "sat"), f"{SOURCE}: recipe")
    length = {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
    length |= {key: given.pop(key) for key in _OF_FIDELITY if key in given}
    sizes = given.pop("images", {})
    name = given.pop("data", reference.training.data if reference.training else _DATA)
    own = reference.training if reference.training is not None and reference.training.data == name else None
    folder = given.pop("data_dir", own.data_dir if own else None)
    folder = None if folder is None else Path(folder).expanduser().resolve()
    dataset = load_dataset(name, folder)
    content = {
        "network": reference.name,
        "architecture": arch.to_dict(with_activation(reference.architecture, recipe)),
        "data": name,
        "data_dir": folder,
        "extra": own.extra if own and recipe.extra_fraction else None,
        "split_seed": own.split_seed if own else 0,
        "recipe": recipe,
        "eps": own.eps if own else dataset.epsilon,
        "augmentation": own.augmentation if own else dataset.augmentation,
        "images": _over(split_sizes(dataset, own), {"train": sizes} if isinstance(sizes, int) else sizes),
        "fidelity": _over(length, given.pop("fidelity", {})),
        "evaluation": _over({"steps": 10}, given.pop("evaluation", {})),
        "device": torch_device(given.pop("device", "auto")),
    }
    settings = checked(TrainingRunSettings, {**content, **given}, SOURCE)
    _require_unseen(dataset, settings, own, reference.name)
    return settings


def split_sizes(dataset: Dataset, own: ResolvedTraining | None) -> dict[str, int]:
    """Return sizes of the val and test splits of a training of a network that comes from these settings, or None."""
    if dataset.num_test_images:
        train, test = len(dataset.labels) - dataset.num_test_images, dataset.num_test_images
    elif own is not None:
        return {"val": own.images.val + own.images.search_val, "test": own.images.test}
    else:
        train, test = len(dataset.labels) - dataset.splits.test, dataset.splits.test
    return {"val": min(max(train // 10, 1), _MOST_VAL), "test": test}


def _over(default: Mapping[str, Any], given: Any) -> Any:
    """Return the default with the given values over it; the check of the settings handles other types."""
    return {**default, **given} if isinstance(given, Mapping) else given


def _require_unseen(dataset: Dataset, settings: TrainingRunSettings, own: ResolvedTraining | None, name: str) -> None:
    """Raise InputError if the test split has images that a search used to choose the network."""
    if own is None or dataset.num_test_images:
        return
    division = divide(dataset, own.images, own.split_seed)
    seen = torch.cat([division[name].ids for name in own.chosen_on])
    test = divide(dataset, settings.images, settings.split_seed)["test"].ids
    if torch.isin(test, seen).any():
        raise InputError(
            f"by this division the test split would hold images that {name} was chosen by: leave split_seed, "
            "images.val and images.test at the search's own values"
        )
