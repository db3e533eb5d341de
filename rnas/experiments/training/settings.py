"""Hold everything that decides a training."""

import re
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.evaluation.training_settings import EvaluationSettings, ResolvedTraining
from rnas.experiment import ExperimentSettings
from rnas.networks import architecture as arch
from rnas.networks.zoo import find
from rnas.utils._lazy import LazyModule
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import NamesField

if TYPE_CHECKING:
    from rnas.attacks import named
else:
    named = LazyModule("rnas.attacks.named")

KIND = "training"

ATTACKS = ("fgsm", "pgd20", "pgd20-margin")

_NOT_OF_THE_RESULT: dict[str, Any] = {"network": True, "data_dir": True, "extra": True, "evaluation": {"batch_size"}}


class TrainingSplitSizes(SplitSizes):
    """Hold sizes of the splits of a training; the best epoch is chosen on ``val``, and ``search_val`` is not needed."""

    val: PositiveInt
    search_val: NonNegativeInt = 0


class TrainingRunSettings(ResolvedTraining):
    """A training with nothing left open; one for the life of its directory."""

    network: str
    """Words that named the architecture."""
    architecture: dict[str, Any]
    """The network as JSON, with the recipe's activation where it has one."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of weights, of the order of images and of noise, in [0, 2^31)."""
    images: TrainingSplitSizes
    """Sizes of the splits."""
    evaluation: EvaluationSettings = EvaluationSettings(steps=10)
    """The attack on the val split after every epoch."""
    attacks: NamesField = Field(ATTACKS, min_length=1)
    """Names of the attacks on the test split at the end, at least one."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Device that trains."""

    @field_validator("evaluation")
    @classmethod
    def _without_diagnostics(cls, evaluation: EvaluationSettings) -> EvaluationSettings:
        if evaluation.diagnostics:
            raise ValueError("diagnostics are measured in a search; leave them out")
        if evaluation.threats:
            raise ValueError(
                "threats are attacked in a search; leave them out, and use rnas evaluate --unseen after it"
            )
        return evaluation

    @model_validator(mode="after")
    def _known_attacks(self) -> "TrainingRunSettings":
        for name in self.attacks:
            named.named_attack(name, self.eps)
        return self

    @property
    def fingerprint(self) -> str:
        """Hash all but names of network and files, and the batch size of evaluations, which changes rounding alone.

        Of the data themselves there is another.
        """
        return json_hash(self.model_dump(mode="json", exclude=_NOT_OF_THE_RESULT))

    @property
    def short_name(self) -> str:
        """Return the network in a directory's name: a published name, a file's, or the key."""
        try:
            word = find(self.network).name
        except InputError:
            path = Path(self.network)
            word = path.stem if path.suffix == ".json" else arch.key(arch.from_dict(self.architecture))
        return re.sub(r"[^a-z0-9.-]+", "-", word.lower()).strip("-.") or "network"

    @property
    def recipe_hash(self) -> str:
        """Hash recipe, length, radius and augmentation, as a search records them."""
        return json_hash(
            {
                "recipe": self.recipe.model_dump(mode="json"),
                "fidelity": self.fidelity.model_dump(mode="json"),
                "epsilon": str(self.eps),
                "augmentation": list(self.augmentation),
            }
        )

    @property
    def recipe_changes(self) -> tuple[str, ...]:
        """Return the fields of the recipe that differ from those of the registered one."""
        return tuple(self.recipe.overrides)


class SeededSettings(ExperimentSettings):
    """Hold the settings of an experiment that trains networks with several seeds."""

    seeds: int
    """Trainings of each network, with seeds from 0. More may be added later."""
    training: ResolvedTraining
    """How every network is trained, and on what."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Return a hash of what decides results."""
