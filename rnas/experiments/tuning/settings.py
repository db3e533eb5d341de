"""Hold everything that decides a tuning."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from rnas import registry
from rnas.errors import InputError
from rnas.experiment import ExperimentSettings
from rnas.experiments.training._activation import with_activation
from rnas.experiments.training._history import chosen_by
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.networks import architecture as arch
from rnas.utils._lazy import LazyModule
from rnas.utils._yaml_files import checked
from rnas.utils.provenance import json_hash

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from rnas.experiments.tuning import _space
    from rnas.experiments.tuning._space import Value
    from rnas.nas.strategies import _optuna_samplers
else:
    _space = LazyModule("rnas.experiments.tuning._space")
    _optuna_samplers = LazyModule("rnas.nas.strategies._optuna_samplers")

PrunerName = Literal["median", "hyperband", "none"]
"""Pruner of :func:`rnas.experiments.tuning._pruners.make_pruner`."""

_CHEAPER = {"inner_attack.steps": "attack_steps", "inner_attack.step": "attack_step"}
"""Fields of a fidelity that replace fields of a recipe."""


class TuningSettings(ExperimentSettings):
    """Hold a tuning with nothing left open; only the number of trials may grow."""

    space: dict[str, str] = Field(min_length=1)
    """Fields of the recipe to tune, with the values that they may take: LOW:HIGH, LOW:HIGH:log or A,B,C."""
    trials: PositiveInt = 20
    """Trainings in all."""
    sampler: str = "tpe"
    """Sampler of Optuna that suggests values, such as tpe or gp."""
    pruner: PrunerName = "median"
    """Pruner that stops poor trials early."""
    training: TrainingRunSettings
    """Training of every trial but for what is tuned; its recipe as it is given is trial 0. Nothing is attacked at the
    end, and the test split is not looked at.
    """

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _optuna_samplers.make_sampler("sampler", self.sampler, {}, 1, 0)
        for key, cheaper in _CHEAPER.items():
            if key in self.space and getattr(self.training.fidelity, cheaper) is not None:
                raise InputError(f"{key} is tuned, and fidelity.{cheaper} takes its place: leave one of them out")
        for key, allowed in self.distributions.items():
            for value in _space.corners(allowed):
                self.trial({key: value})
        return self

    @cached_property
    def distributions(self) -> "dict[str, BaseDistribution]":
        """Return the values that each field may take."""
        return {key: _space.distribution(self.training.recipe, key, values) for key, values in self.space.items()}

    @property
    def published(self) -> "dict[str, Value]":
        """Return trial 0: the recipe's own values of the fields that may take them."""
        own = {key: _space.published_value(self.training.recipe, key) for key in self.space}
        return {key: value for key, value in own.items() if _space.holds(self.distributions[key], value)}

    @property
    def metric(self) -> str:
        """Return what is maximised: a column of the history on the val split."""
        return chosen_by(self.training.recipe)[0]

    @property
    def fingerprint(self) -> str:
        """Hash everything that decides a trial."""
        content = self.model_dump(mode="json", exclude={"trials": True, "training": {"network"}})
        return json_hash(content)

    def trial(self, parameters: "Mapping[str, Value]") -> TrainingRunSettings:
        """Return the settings of a trial's training; raise InputError if the recipe cannot have the values."""
        recipe = _space.applied(self.training.recipe, parameters)
        architecture = with_activation(arch.from_dict(self.training.architecture), recipe)
        content = self.training.model_dump(mode="json")
        content["fidelity"]["batch_size"] = recipe.batch_size
        content |= {"recipe": recipe.model_dump(mode="json"), "architecture": arch.to_dict(architecture)}
        source = ", ".join(f"{key}={value}" for key, value in parameters.items())
        return checked(TrainingRunSettings, content, source)

    def recipe_config(self, parameters: "Mapping[str, Value]") -> dict[str, Any]:
        """Return a trial's recipe as a config takes it: the registered name, and the fields that differ from it."""
        recipe = _space.applied(self.training.recipe, parameters)
        if recipe.name not in registry.names(registry.RECIPES):
            return recipe.model_dump(mode="json")
        return {"name": recipe.name, **recipe.overrides}
