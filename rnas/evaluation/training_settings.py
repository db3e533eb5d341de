"""Define what to train on and how, as in a config."""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from rnas import registry
from rnas.data.augmentation import NAMES
from rnas.data.fidelity import Fidelity, LowerRung
from rnas.data.loading import load_dataset
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.utils._lazy import LazyModule
from rnas.utils.files import file_hash
from rnas.utils.model import Model
from rnas.utils.quantities import EpsilonField, FractionField, NamesField, PathField

if TYPE_CHECKING:
    from rnas.evaluation import threats
else:
    threats = LazyModule("rnas.evaluation.threats")

UNSEEN = "unseen"
"""Word for threats that networks are not trained for; see :func:`rnas.evaluation.threats.unseen_threats`."""


class EvaluationSettings(Model):
    """Set how a trained network is measured."""

    steps: PositiveInt = 20
    """Number of steps of the attacks behind robust accuracy: PGD on the cross-entropy and PGD on the margin."""
    step: FractionField = Fraction(1, 4)
    """Size of one step as a share of epsilon."""
    batch_size: PositiveInt = 500
    """Images per batch."""
    threats: NamesField = Field((), exclude_if=lambda threats: not threats)
    """Further balls in which networks are attacked, at most one of each norm, such as l2:0.5: worst_case_accuracy is
    then that of all balls, image by image. The word unseen is for an l2 and an l1 ball, by which papers compare
    networks that are trained for an l-infinity ball, and for corruption_accuracy under the common corruptions.
    """
    diagnostics: tuple[str, ...] = ()
    """Names of registered diagnostics, whose metrics are recorded too."""

    @field_validator("diagnostics")
    @classmethod
    def _known_diagnostics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            registry.load(registry.DIAGNOSTICS, name)
        return names

    @field_validator("threats")
    @classmethod
    def _known_threats(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        norms = [threats.parse_threat(name).norm for name in names if name != UNSEEN]
        if UNSEEN in names and len(names) > 1:
            raise ValueError(f"threats: {UNSEEN} stands for balls of its own; leave the others out, or {UNSEEN}")
        if len({*norms}) < len(norms):
            raise ValueError("threats: give at most one ball of each norm, whose accuracy has the norm's name")
        return names


class TrainingSettings(Model):
    """Set what to train on and how; images, eps, fidelity and augmentation default to the data's own."""

    data: str = "digits"
    """Name of a registered data set, such as digits or cifar10."""
    data_dir: PathField | None = None
    """Folder that holds the files of the data."""
    extra: PathField | None = None
    """File of extra images, for recipes that take a share of every batch from them."""
    split_seed: NonNegativeInt = 0
    """Seed that divides the data into splits."""
    images: SplitSizes | None = None
    """Sizes of the splits."""
    recipe: Recipe = Field(default_factory=lambda: Recipe.resolve("short-sat"))
    """Training recipe: a name, or ``{name: NAME, ...}`` with fields that differ."""
    eps: EpsilonField | None = None
    """L-infinity radius of training and evaluation, such as 8/255."""
    fidelity: Fidelity | None = None
    """How long to train."""
    rungs: tuple[LowerRung, ...] = ()
    """Lower rungs of fidelity, cheapest first, each by its differences from the highest. All networks of a search start
    at the lowest; the better half is promoted and trained from random weights at the next rung.
    """
    augmentation: tuple[str, ...] | None = None
    """Names of augmentations, in order; a recipe may have its own."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """The attack behind robust accuracy."""

    @field_validator("recipe", mode="before")
    @classmethod
    def _complete_recipe(cls, value: Any) -> Any:
        return Recipe.complete(value)

    @field_validator("augmentation")
    @classmethod
    def _known_augmentations(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if name not in NAMES:
                raise ValueError(f"unknown augmentation {name!r}; known: {', '.join(NAMES)}")
        return names

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return a hash of what is read from files, by the field that names it; raise InputError if it is missing."""
        found = {"data": load_dataset(self.data, self.data_dir).identity}
        if self.extra is not None:
            try:
                stat = self.extra.stat()
                version = stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
                found["extra"] = _hash_of(self.extra, version)
            except OSError as error:
                raise InputError(f"{self.extra}: cannot be read ({error.strerror})") from None
        return found

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
    """Hold training settings without open fields.

    Attributes:
        chosen_on: splits by whose images networks of such a search are chosen.
    """

    chosen_on: ClassVar[tuple[str, ...]] = ("search_val",)

    images: SplitSizes
    eps: EpsilonField
    fidelity: Fidelity
    augmentation: tuple[str, ...]

    @property
    def portable(self) -> dict[str, Any]:
        """Return the settings that decide the weights as JSON values, without names and folders of one machine."""
        settings = self.model_dump(mode="json")
        for name in ("data_dir", "network", "architecture", "device"):
            settings.pop(name, None)
        return {**settings, "extra": None if self.extra is None else self.extra.name}


@lru_cache(maxsize=8)
def _hash_of(path: Path, _version: tuple[int, ...]) -> str:
    """Return the hash of a file, which is read again only if it is another version."""
    return file_hash(path)
