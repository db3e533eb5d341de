"""Resolve the settings of a comparison."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PositiveInt, ValidationError, model_validator

from rnas.errors import InputError
from rnas.evaluation.subject import most_images
from rnas.evaluation.training_settings import EvaluationSettings, ResolvedTraining, load_dataset
from rnas.experiments._references import Reference, resolve_reference
from rnas.experiments.comparison.networks import DEFAULT, ComparedNetwork, compared_network, require_distinct
from rnas.experiments.seeded_trainings import SeededSettings
from rnas.experiments.training import _resolve as training
from rnas.experiments.training.settings import TrainingRunSettings, TrainingSplitSizes
from rnas.experiments.tuning._space import applied
from rnas.networks.architecture import Architecture
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import explained
from rnas.utils.model import Model
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import parse_size

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
    attacks: tuple[str, ...] = Field(min_length=1)
    """Names of the attacks on the test split."""
    attacked_images: PositiveInt | None = None
    """Attack only the first N images of the published test images; None is the whole test split."""
    flags: bool = True
    """Whether to look for signs of overestimated robustness in the best checkpoints."""

    @classmethod
    def of(cls, settings: TrainingRunSettings, attacked_images: int | None, *, flags: bool) -> Self:
        """Return the shared settings of a training, the number of attacked images, and whether flags are checked."""
        shared = {name: value for name, value in settings if name in cls.model_fields}
        return cls(**shared, attacked_images=attacked_images, flags=flags)

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
            own["recipe"] = applied(self.recipe, tuned)
        shared = {name: value for name, value in self if name in TrainingRunSettings.model_fields}
        return TrainingRunSettings(**{**shared, **own, "attacks": _AFTER_TRAINING})


class TuningBudget(Model):
    """How much tuning each network gets before the comparison."""

    trials: int = Field(ge=2)
    """Trials for each network before the comparison, which tune its learning rate and weight decay on val images; one
    has the recipe as it is.
    """
    epochs: PositiveInt
    """Epochs of each of these trials."""


class ComparisonSettings(SeededSettings):
    """Hold everything that decides a comparison."""

    flops: PositiveInt
    """FLOPs that every network has, nearly, for one image of the data, such as 5G."""
    tolerance: float = Field(0.05, gt=0, lt=1)
    """Share by which the FLOPs may be off."""
    seeds: int = Field(3, ge=2)
    """Trainings of each network, with seeds from 0. More may be added later."""
    until_decided: int | None = None
    """Largest number of seeds of a network; those that are not distinguishable from all others get further seeds up to
    this number. None adds none.
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
        exclude: dict[str, Any] = {"training": {"data_dir", "extra"}}
        if self.training.attacked_images is None:
            exclude["training"] |= {"attacked_images"}
        if self.training.flags:
            exclude["training"] |= {"flags"}
        if self.until_decided is None:
            exclude |= {"seeds": True, "until_decided": True}
        if self.tuning is None:
            exclude["tuning"] = True
        return json_hash(self.model_dump(mode="json", exclude=exclude))


def resolve_settings(
    networks: Sequence[Architecture | str | Path] = (),
    *,
    flops: float | str,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    seeds: int = 3,
    until_decided: int | None = None,
    tolerance: float = 0.05,
    robust_scaling: bool = False,
    tune: int | None = None,
    tune_epochs: int | None = None,
    data: str | None = None,
    data_dir: Path | str | None = None,
    extra: Path | str | None = None,
    split_seed: int | None = None,
    images: int | Mapping[str, int] | None = None,
    eps: str | float | None = None,
    augmentation: Sequence[str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    fidelity: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    attacks: Sequence[str] = ATTACKS,
    attacked_images: int | None = None,
    flags: bool = True,
) -> ComparisonSettings:
    """Resolve the settings of a comparison; see :func:`rnas.compare` for the arguments.

    Raises:
        InputError: a setting is wrong, a network is unknown or not near the FLOPs, or the data cannot be read.
    """
    budget = parse_size(int(flops) if isinstance(flops, float) else flops)
    if budget == 0:
        raise InputError("flops 0: give a budget above zero")
    if seeds < 2:
        raise InputError(f"seeds {seeds}: give at least two, because one training cannot separate networks from chance")
    if tune is None and tune_epochs is not None:
        raise InputError(f"tune_epochs {tune_epochs}: say how many trials each network gets, such as tune=8")
    references = [resolve_reference(network) for network in networks or DEFAULT]
    # The images that a search chose a member by are known from its own division of the data.
    searched = (reference for reference in references if reference.training is not None)
    given = {
        "recipe": recipe,
        "data": data,
        "data_dir": data_dir,
        "extra": extra,
        "split_seed": split_seed,
        "images": images,
        "eps": eps,
        "augmentation": augmentation,
        "epochs": epochs,
        "batch_size": batch_size,
        "fidelity": fidelity,
        "evaluation": evaluation,
        "attacks": tuple(attacks),
    }
    shared = training.resolve_settings(next(searched, references[0]), given)
    dataset = load_dataset(shared.data, shared.data_dir)
    most = most_images(dataset, shared.images)
    if attacked_images is not None and attacked_images > most:
        raise InputError(f"attacked_images {attacked_images}: {dataset.name} has {most} to attack; give at most {most}")
    compared = [
        compared_network(
            reference,
            budget,
            dataset.input_shape,
            dataset.num_classes,
            recipe=shared.recipe,
            tolerance=tolerance,
            robust_scaling=robust_scaling,
        )
        for reference in references
    ]
    require_distinct(compared)
    for reference in references:
        _require_unseen(reference, shared)
    try:
        return ComparisonSettings.model_validate(
            {
                "flops": budget,
                "tolerance": tolerance,
                "seeds": seeds,
                "until_decided": until_decided,
                "networks": tuple(compared),
                "training": SharedTraining.of(shared, attacked_images, flags=flags),
                "tuning": tune and {"trials": tune, "epochs": tune_epochs or shared.fidelity.epochs},
            }
        )
    except ValidationError as error:
        raise explained(error, "compare", ComparisonSettings) from None


def _require_unseen(reference: Reference, shared: TrainingRunSettings) -> None:
    """Raise InputError if the test split may contain images that a search used to choose this network."""
    own = reference.training
    if own is None or own.data != shared.data or load_dataset(shared.data, shared.data_dir).num_test_images:
        return
    not_trained = own.images.val + own.images.search_val
    if (own.split_seed, own.images.test, not_trained) != (
        shared.split_seed,
        shared.images.test,
        shared.images.val + shared.images.search_val,
    ):
        raise InputError(
            f"{reference.name} was chosen on another division of {shared.data}, so that its test split is not unseen: "
            "compare members of one run, and leave split_seed and the sizes of images out"
        )
