"""Resolve the settings of a replication."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import PositiveInt, PrivateAttr, ValidationError

from rnas.evaluation.training_settings import TrainingSettings, load_dataset
from rnas.experiments.replications.design import PAPER, SMALL, DesignCell, Replication, Size, find
from rnas.experiments.seeded_trainings import SeededSettings
from rnas.nas.evaluators.adversarial_training import AdversarialTrainingSettings
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import explained
from rnas.utils.provenance import json_hash

SOURCE = "replication"
"""Name of the settings in messages."""

DIGITS = "digits"

_DIGITS_RECIPE = {"name": "short-sat", "learning_rate": 0.1}
_DIGITS_FIDELITY = {"epochs": 4, "batch_size": 64}
_DIGITS_ATTACK = {"attack_steps": 2, "attack_step": "3/4"}
_DIGITS_EVALUATION = {"steps": 4, "step": "3/8"}
"""A training of seconds on one core, as that of the table digits-bench."""

_SCORED = 100
"""Images of the part that a search chooses by; a replication chooses nothing, and only its diagnostics look at them."""


class ReplicationSettings(SeededSettings):
    """Hold everything that decides the run of a replication.

    Attributes:
        training: data, recipe, radius and length; one for all cells, but for what a cell's recipe has otherwise.
    """

    replication: str
    """Name of a registered replication."""
    capacity: Literal["small", "paper"]
    """Size of the networks: ``small``, or that of the ``paper`` with its own depths and widths."""
    base_channels: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Channels of the stages at widening 1, such as 16,32,64."""
    cells: PositiveInt | None = None
    """Largest number of cells of the design, drawn at random; None is all."""
    seeds: PositiveInt
    """Trainings of each cell, with seeds from 0. More may be added later."""

    _definition: Replication | None = PrivateAttr(None)

    @property
    def definition(self) -> Replication:
        """Return the replication that was given as an object, or the registered one."""
        return self._definition or find(self.replication)

    def defined_by(self, replication: Replication) -> Self:
        """Return the same settings with the replication as an object, which need not be registered then."""
        found = self.model_copy()
        found._definition = replication
        return found

    @property
    def size(self) -> Size:
        """Return the size of its networks."""
        dataset = load_dataset(self.training.data, self.training.data_dir)
        return Size(self.capacity, dataset.input_shape, dataset.num_classes, self.base_channels)

    def design(self) -> tuple[DesignCell, ...]:
        """Return all cells and claims of the design; see
        :meth:`rnas.experiments.replications.design.Replication.design`.
        """
        return self.definition.design(self.size, self.cells)

    def evaluator_settings(self, changes: Mapping[str, Any]) -> AdversarialTrainingSettings:
        """Return the evaluator's settings for cells whose recipe has these changes; a ``name`` starts from that recipe.

        Raises:
            InputError: they give no recipe.
        """
        recipe = changes if "name" in changes else {**self.training.recipe.model_dump(mode="json"), **changes}
        content = self.training.model_dump(mode="json")
        try:
            training = TrainingSettings.model_validate(content | {"recipe": recipe})
        except ValidationError as error:
            raise explained(error, f"{SOURCE} {self.replication}") from None
        return AdversarialTrainingSettings(train=training)

    @property
    def fingerprint(self) -> str:
        """Hash what decides results; the number of seeds and the place of the data do not."""
        content = self.model_dump(mode="json", exclude={"seeds": True, "training": {"data_dir", "extra"}})
        return json_hash(content)


def resolve_settings(
    replication: Replication | str,
    *,
    data: str = DIGITS,
    data_dir: Path | str | None = None,
    recipe: Recipe | Mapping[str, Any] | str | None = None,
    eps: str | float | None = None,
    epochs: int | None = None,
    images: int | None = None,
    seeds: int | None = None,
    capacity: str | None = None,
    base_channels: Sequence[int] | None = None,
    cells: int | None = None,
) -> ReplicationSettings:
    """Resolve the settings of a replication; see :func:`rnas.replicate` for the arguments.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    found = find(replication) if isinstance(replication, str) else replication
    folder = None if data_dir is None else Path(data_dir).expanduser().resolve()
    parts = load_dataset(data, folder).splits
    on_digits = data == DIGITS
    own = Recipe.resolve(
        recipe if recipe is not None else _DIGITS_RECIPE if on_digits else found.recipe,
        f"{SOURCE} {found.name}: recipe",
    )
    try:
        fidelity: dict[str, Any] = {"epochs": own.epochs, "batch_size": own.batch_size}
        if on_digits:
            several = isinstance(own.inner_attack, PGDInner) and own.inner_attack.steps > 1
            fidelity = _DIGITS_FIDELITY | (_DIGITS_ATTACK if several else {})
        fidelity |= {key: value for key, value in (("epochs", epochs), ("images", images)) if value is not None}
        training = TrainingSettings.model_validate(
            {
                "data": data,
                "data_dir": folder,
                "images": parts.model_copy(update={"search_val": min(_SCORED, parts.search_val)}),
                "recipe": own,
                "eps": eps,
                "fidelity": fidelity,
                "evaluation": {**(_DIGITS_EVALUATION if on_digits else {}), "diagnostics": found.diagnostics},
            }
        )
        settings = ReplicationSettings.model_validate(
            {
                "replication": found.name,
                "capacity": capacity or (SMALL if on_digits else PAPER),
                "base_channels": base_channels,
                "cells": cells,
                "seeds": found.seeds if seeds is None else seeds,
                "training": dict(training.resolved()),
            }
        )
    except ValidationError as error:
        raise explained(error, f"{SOURCE} {found.name}") from None
    return settings if isinstance(replication, str) else settings.defined_by(replication)
