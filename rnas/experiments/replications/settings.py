"""Everything that decides a replication, as its replication.yaml holds it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import PositiveInt, ValidationError, model_validator

from rnas.evaluation.training_settings import ResolvedTraining, TrainingSettings, load_dataset
from rnas.experiments.replications.design import PAPER, SMALL, DesignCell, Replication, Size
from rnas.experiments.replications.registered import find
from rnas.experiments.settings import ExperimentSettings
from rnas.nas.evaluators.adversarial_training import AdversarialTrainingSettings
from rnas.training.crafting import GradientSteps
from rnas.training.recipe import Recipe
from rnas.utils.provenance import json_hash
from rnas.utils.yaml_files import explained

SOURCE = "replication"
"""What the settings are called in messages."""

DIGITS = "digits"

_DIGITS_RECIPE = {"name": "short-sat", "learning_rate": 0.1}
_DIGITS_FIDELITY = {"epochs": 4, "batch_size": 64}
_DIGITS_ATTACK = {"attack_steps": 2, "attack_step": "3/4"}
_DIGITS_EVALUATION = {"steps": 4, "step": "3/8"}
"""A training of seconds on one core, as that of the table digits-bench."""

_SCORED = 100
"""Images of the part that a search chooses by; a replication chooses nothing, and only its diagnostics look at them."""


class ReplicationSettings(ExperimentSettings):
    """A replication with nothing left open.

    Attributes:
        replication: its registered name.
        capacity: ``small`` or ``paper``; see :class:`rnas.experiments.replications.design.Size`.
        base_channels: likewise.
        cells: at most so many cells of the design, drawn at random; None is all.
        seeds: trainings of each cell, with seeds from 0. More may be added later.
        training: data, recipe, radius and length; one for all cells, but for what a cell's recipe has otherwise.
    """

    replication: str
    capacity: Literal["small", "paper"]
    base_channels: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    cells: PositiveInt | None = None
    seeds: PositiveInt
    training: ResolvedTraining

    @model_validator(mode="after")
    def _known(self) -> Self:
        find(self.replication)
        return self

    @property
    def definition(self) -> Replication:
        """The replication itself."""
        return find(self.replication)

    @property
    def size(self) -> Size:
        """Of its networks."""
        dataset = load_dataset(self.training.data, self.training.data_dir)
        return Size(self.capacity, dataset.input_shape, dataset.num_classes, self.base_channels)

    def design(self) -> tuple[DesignCell, ...]:
        """See :meth:`rnas.experiments.replications.design.Replication.design`."""
        return self.definition.design(self.size, self.cells)

    def evaluator_settings(self, changes: Mapping[str, Any]) -> AdversarialTrainingSettings:
        """How cells are trained whose recipe has these changes; with a ``name`` they are changes of that recipe.

        Raises:
            InputError: they give no recipe.
        """
        recipe = changes if "name" in changes else {**self.training.recipe.model_dump(mode="json"), **changes}
        content = self.training.model_dump(mode="json")
        content["evaluation"]["diagnostics"] = self.definition.diagnostics
        try:
            training = TrainingSettings.model_validate(content | {"recipe": recipe})
        except ValidationError as error:
            raise explained(error, f"{SOURCE} {self.replication}") from None
        return AdversarialTrainingSettings(train=training)

    @property
    def fingerprint(self) -> str:
        """Hash of what decides results: the number of seeds and the place of the data do not."""
        content = self.model_dump(mode="json", exclude={"seeds": True, "training": {"data_dir", "extra"}})
        return json_hash(content)


def resolve_settings(name: str, given: Mapping[str, Any]) -> ReplicationSettings:
    """The settings of a replication, with everything that is not given at its default.

    On digits trainings take seconds and networks are small; on other data the recipe is the paper's, as long as it was
    published, and so are the networks.

    Args:
        name: of the replication.
        given: any of ``data``, ``data_dir``, ``recipe``, ``eps``, ``epochs``, ``images`` (to train on), ``seeds``,
            ``capacity``, ``base_channels`` and ``cells``; None is not given.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    given = {key: value for key, value in given.items() if value is not None}
    replication = find(name)
    data, folder = given.pop("data", DIGITS), given.pop("data_dir", None)
    folder = None if folder is None else Path(folder).expanduser().resolve()
    parts = load_dataset(data, folder).parts
    on_digits = data == DIGITS
    own: dict[str, Any] = {"capacity": SMALL if on_digits else PAPER, "seeds": replication.seeds}
    try:
        recipe = Recipe.resolve(given.pop("recipe", _DIGITS_RECIPE if on_digits else replication.recipe))
        fidelity: dict[str, Any] = {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
        if on_digits:
            several = isinstance(recipe.crafting, GradientSteps) and recipe.crafting.steps > 1
            fidelity = _DIGITS_FIDELITY | (_DIGITS_ATTACK if several else {})
        fidelity |= {key: given.pop(key) for key in ("epochs", "images") if key in given}
        training = TrainingSettings.model_validate(
            {
                "data": data,
                "data_dir": folder,
                "images": parts.model_copy(update={"score": min(_SCORED, parts.score)}),
                "recipe": recipe,
                "eps": given.pop("eps", None),
                "fidelity": fidelity,
                **({"evaluation": _DIGITS_EVALUATION} if on_digits else {}),
            }
        )
        return ReplicationSettings.model_validate(
            {**own, **given, "replication": replication.name, "training": dict(training.resolved())}
        )
    except ValidationError as error:
        raise explained(error, f"{SOURCE} {replication.name}") from None
