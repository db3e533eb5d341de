"""Hold everything that decides a comparison."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from rnas.evaluation.training_settings import EvaluationSettings, ResolvedTraining
from rnas.experiments.comparison.networks import ComparedNetwork
from rnas.experiments.training.settings import SeededSettings, TrainingRunSettings, TrainingSplitSizes
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import NamesField, ShareField, parse_size

if TYPE_CHECKING:
    from rnas.experiments.tuning import _space
else:
    _space = LazyModule("rnas.experiments.tuning._space")

ATTACKS = ("pgd20", "cw40", "autoattack")
"""Attacks that tables of robust networks print."""

_AFTER_TRAINING = ("fgsm",)
"""Attack of a training on its own checkpoints; the attacks that count come after it, image by image."""


class SharedTraining(ResolvedTraining):
    """How every network is trained and attacked."""

    images: TrainingSplitSizes
    """Sizes of the splits; the best epoch is chosen on ``val``."""
    evaluation: EvaluationSettings
    """The attack on the val split after every epoch."""
    attacks: NamesField = Field(ATTACKS, min_length=1)
    """Names of the attacks on the test split."""
    attacked_images: PositiveInt | None = None
    """Number of images to attack, the first of the test split; None is all of them."""
    flags: bool = True
    """Whether to look for signs of overestimated robustness in the best checkpoints."""
    unseen: bool = Field(False, exclude_if=lambda unseen: not unseen)
    """Whether to attack in an l2 and an l1 ball too, and to show the common corruptions: what networks are not trained
    for.
    """

    def training_of(
        self, key: str, architecture: Mapping[str, Any], seed: int, device: str, tuned: Mapping[str, Any] | None = None
    ) -> TrainingRunSettings:
        """Return the settings of the training of one network.

        Args:
            key: key of the network, which is its name.
            architecture: the network as JSON.
            seed: seed of the training.
            device: ``cpu`` or ``cuda``.
            tuned: fields of the recipe that this network has otherwise.
        """
        own = {"network": key, "architecture": dict(architecture), "seed": seed, "device": device}
        if tuned:
            own["recipe"] = _space.applied(self.recipe, tuned)
        shared = {name: value for name, value in self if name in TrainingRunSettings.model_fields}
        return TrainingRunSettings(**{**shared, **own, "attacks": _AFTER_TRAINING})


class TuningBudget(Model):
    """How much tuning each network gets before the comparison."""

    trials: int = Field(ge=2)
    """Trials in which each network's learning rate and weight decay are tuned on val images before the comparison; one
    has the recipe as it is.
    """
    epochs: PositiveInt
    """Epochs of each of these trials."""


class ComparisonSettings(SeededSettings):
    """Hold everything that decides a comparison."""

    flops: Annotated[PositiveInt, BeforeValidator(parse_size)]
    """FLOPs to which every network is scaled, for one image of the data, such as 5G."""
    tolerance: ShareField = 0.05
    """Share by which the FLOPs of a network may be off, such as 5%."""
    seeds: int = Field(3, ge=2)
    """Trainings of each network, with seeds from 0. More may be added later."""
    until_decided: int | None = None
    """Largest number of seeds of a network: while it is indistinguishable at 95 % from another one, it gets a further
    seed; None adds none.
    """
    search_cost: PositiveInt | None = None
    """Images passed forward and backward after which the searches that found networks are taken as ended; None is their
    end.
    """
    networks: tuple[ComparedNetwork, ...] = Field(min_length=2)
    """Compared networks, as they are trained."""
    training: SharedTraining
    """Training of every network."""
    tuning: TuningBudget | None = None
    """Budget to tune each network's own learning rate and weight decay; None keeps the recipe's for all."""

    @model_validator(mode="after")
    def _more_seeds(self) -> Self:
        if self.until_decided is not None and self.until_decided <= self.seeds:
            raise ValueError(
                f"until_decided is {self.until_decided}: give more than the {self.seeds} seeds that all have"
            )
        return self

    @property
    def most_seeds(self) -> int:
        """Return the largest number of seeds that a network may have."""
        return self.until_decided or self.seeds

    @property
    def fingerprint(self) -> str:
        """Hash what decides results. The place of the data does not, nor the number of seeds unless the plan depends on
        it.
        """
        exclude: dict[str, Any] = {
            "training": {"data_dir", "extra"},
            "networks": {"__all__": {"search_cost"}},
            # Its effect is which networks are compared.
            "search_cost": True,
        }
        if self.training.attacked_images is None:
            exclude["training"] |= {"attacked_images"}
        if self.training.flags:
            exclude["training"] |= {"flags"}
        if self.until_decided is None:
            exclude |= {"seeds": True, "until_decided": True}
        if self.tuning is None:
            exclude["tuning"] = True
        return json_hash(self.model_dump(mode="json", exclude=exclude))
