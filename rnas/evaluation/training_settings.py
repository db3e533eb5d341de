"""Define what to train on and how, as in a config."""

from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from rnas import registry
from rnas.data.augmentation import AUGMENTATIONS
from rnas.data.dataset import Dataset, SplitSizes
from rnas.data.fidelity import Fidelity, LowerRung
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.utils.quantities import EpsilonField, FractionField, PathField


class EvaluationSettings(BaseModel):
    """Set how a trained network is measured.

    Attributes:
        steps: number of steps of the attacks behind robust accuracy: PGD on the cross-entropy and PGD on the margin.
        step: size of one step as a share of epsilon.
        batch_size: images per batch.
        diagnostics: names of registered diagnostics, whose metrics are recorded too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: PositiveInt = 20
    step: FractionField = Fraction(1, 4)
    batch_size: PositiveInt = 500
    diagnostics: tuple[str, ...] = ()

    @field_validator("diagnostics")
    @classmethod
    def _known_diagnostics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            registry.load(registry.DIAGNOSTICS, name)
        return names


class TrainingSettings(BaseModel):
    """Set what to train on and how; ``images``, ``eps``, ``fidelity`` and ``augmentation`` default to the data's own.

    Attributes:
        data: registered data set.
        data_dir: folder of its files.
        extra: file of extra images, for recipes that take a share of every batch from them.
        split_seed: seed that divides the data into splits.
        images: sizes of the splits.
        recipe: how to train.
        eps: l-infinity radius of training and evaluation.
        fidelity: how long to train.
        rungs: lower rungs of fidelity, cheapest first, each by its differences from the highest. All networks of a
            search start at the lowest; the better half is promoted and trained from random weights at the next rung.
        augmentation: names of augmentations, in order; a recipe may have its own.
        evaluation: the attack behind robust accuracy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str = "digits"
    data_dir: PathField | None = None
    extra: PathField | None = None
    split_seed: NonNegativeInt = 0
    images: SplitSizes | None = None
    recipe: Recipe = Field(default_factory=lambda: Recipe.resolve("short-sat"))
    eps: EpsilonField | None = None
    fidelity: Fidelity | None = None
    rungs: tuple[LowerRung, ...] = ()
    augmentation: tuple[str, ...] | None = None
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("recipe", mode="before")
    @classmethod
    def _resolve_recipe(cls, value: Any) -> Recipe:
        return Recipe.resolve(value)

    @field_validator("augmentation")
    @classmethod
    def _known_augmentations(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if name not in AUGMENTATIONS:
                raise ValueError(f"unknown augmentation {name!r}; known: {', '.join(AUGMENTATIONS)}")
        return names

    @model_validator(mode="after")
    def _fitting_fidelity(self) -> Self:
        if self.fidelity is not None:
            self.recipe.inner_attack_at(self.fidelity)
        return self

    def resolved(self) -> "ResolvedTraining":
        """Return the settings with the data's own defaults filled in; raise InputError if the data cannot be read."""
        dataset = load_dataset(self.data, self.data_dir)
        fidelity = dict(dataset.fidelity)
        inner_attack = self.recipe.inner_attack
        if not isinstance(inner_attack, PGDInner) or inner_attack.steps == 1:
            # The data's cheaper attack has several steps.
            fidelity = {name: value for name, value in fidelity.items() if not name.startswith("attack_")}
        own = {
            "images": dataset.splits,
            "eps": dataset.epsilon,
            "fidelity": fidelity,
            "augmentation": dataset.augmentation,
        }
        return ResolvedTraining(**(own | {name: value for name, value in self if value is not None}))


class ResolvedTraining(TrainingSettings):
    """Hold training settings without open fields."""

    images: SplitSizes
    eps: EpsilonField
    fidelity: Fidelity
    augmentation: tuple[str, ...]


@lru_cache(maxsize=2)
def load_dataset(name: str, folder: Path | None) -> Dataset:
    """Load a registered data set, once per process."""
    dataset: Dataset = registry.load(registry.DATASETS, name)(folder)
    return dataset
