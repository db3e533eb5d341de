"""Resolve what a user gives to the settings of a search for cells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.data.dataset import Dataset
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.experiments.cell_search.method import CellSearchMethod
from rnas.experiments.cell_search.settings import SOURCE, CellSearchSettings, described, method_class
from rnas.experiments.training._resolve import split_sizes
from rnas.training.recipe import Recipe
from rnas.utils._devices import torch_device
from rnas.utils._yaml_files import checked

_DIGITS = "digits"

_DIGITS_SIZES = {"layers": 4, "channels": 4, "derived_layers": 8, "derived_channels": 8}
_DIGITS_LENGTH = {"epochs": 20, "batch_size": 32}
"""A search of minutes on one core."""

_DIGITS_RATE = 0.01
"""Learning rate of the architecture, which has a few hundred steps instead of the papers' 20,000."""

_OF_FIDELITY = ("epochs", "batch_size")


def resolve_settings(
    method: CellSearchMethod | Mapping[str, Any] | str, given: Mapping[str, Any]
) -> CellSearchSettings:
    """Resolve the settings of a search for cells.

    Args:
        method: a method, its name, or ``{name: NAME, ...}`` with some of its settings.
        given: keys of :class:`CellSearchSettings` but ``method``; None is not given. ``recipe``, ``images`` and
            ``fidelity`` may be given in part; ``epochs`` and ``batch_size`` are those of the fidelity; ``device`` may
            be ``auto``.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    given = {key: value for key, value in given.items() if value is not None}
    settable = [key for key in CellSearchSettings.model_fields if key != "method"]
    for key in given:
        if key not in (*settable, *_OF_FIDELITY):
            raise InputError(f"{SOURCE}: {key}: unknown key; it has {', '.join((*settable, *_OF_FIDELITY))}")
    own = method if isinstance(method, CellSearchMethod) else None
    content = described(method) if isinstance(method, CellSearchMethod) else method
    content = {"name": content} if isinstance(content, str) else dict(content)
    usual = (own or method_class(str(content.get("name")))).recipe
    data, folder = given.pop("data", _DIGITS), given.pop("data_dir", None)
    on_digits = data == _DIGITS
    if on_digits and own is None:
        content = {"learning_rate": _DIGITS_RATE, **content}
    folder = None if folder is None else Path(folder).expanduser().resolve()
    dataset = load_dataset(data, folder)
    recipe = Recipe.resolve(_over(usual, given.pop("recipe", {})), f"{SOURCE}: recipe")
    length = _DIGITS_LENGTH if on_digits else {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
    length = {**length, **{key: given.pop(key) for key in _OF_FIDELITY if key in given}}
    sizes = given.pop("images", {})
    defaults = {
        **(_DIGITS_SIZES if on_digits else {}),
        "method": content,
        "data": data,
        "data_dir": folder,
        "recipe": recipe,
        "eps": dataset.epsilon,
        "augmentation": dataset.augmentation,
        "images": _over(_split_sizes(dataset), {"train": sizes} if isinstance(sizes, int) else sizes),
        "fidelity": _over(length, given.pop("fidelity", {})),
        "device": torch_device(given.pop("device", "auto")),
    }
    settings = checked(CellSearchSettings, {**defaults, **given}, SOURCE)
    return settings if own is None else settings.defined_by(own)


def _split_sizes(dataset: Dataset) -> dict[str, int]:
    """Return sizes of the val and test splits, by which later trainings divide the data as those of a search do."""
    if dataset.num_test_images:
        return split_sizes(dataset, None)
    return {"val": dataset.splits.val + dataset.splits.search_val, "test": dataset.splits.test}


def _over(default: Mapping[str, Any], given: Any) -> Any:
    """Return the default with given values over it; a recipe that is named, or another type, is taken as it is."""
    if not isinstance(given, Mapping) or given.get("name", default.get("name")) != default.get("name"):
        return given
    return {**default, **given}
