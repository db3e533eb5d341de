"""The default evaluator: train adversarially at a low fidelity, then attack."""

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, ClassVar, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator, model_validator
from safetensors.torch import save_file
from torch import nn

from rnas import architecture as arch
from rnas import registry
from rnas.architecture import Architecture, Shape
from rnas.attacks.attack import Attack
from rnas.attacks.pgd import PGD
from rnas.data.augmentation import AUGMENTATIONS
from rnas.data.dataset import Dataset, Part, PartSizes, content_hash, divide
from rnas.errors import DeadlineExceededError, InputError
from rnas.evaluation.evaluator import Context, Estimate, Evaluation, Status, Task
from rnas.evaluation.guard import classified
from rnas.evaluation.robustness import Robustness, evaluate_robustness
from rnas.provenance import device_name, json_hash, versions
from rnas.quantities import EpsilonField, FractionField, PathField
from rnas.search_space import SearchSpace
from rnas.training.loop import Schedule, train
from rnas.training.recipe import Fidelity, Recipe

_TRAINING_SHARE = 0.9
_TIMED_STEPS = 8
_TIMED_SECONDS = 5.0


class EvaluationSettings(BaseModel):
    """The attack behind robust accuracy: PGD on the cross-entropy and PGD on the margin, of so many steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: PositiveInt = 20
    step: FractionField = Fraction(1, 4)
    batch_size: PositiveInt = 500


class TrainingSettings(BaseModel):
    """What to train on and how; ``images``, ``eps``, ``fidelity`` and ``augmentation`` default to the data's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str = "digits"
    data_dir: PathField | None = None
    split_seed: NonNegativeInt = 0
    images: PartSizes | None = None
    recipe: Recipe = Field(default_factory=lambda: Recipe.resolve("sat"))
    eps: EpsilonField | None = None
    fidelity: Fidelity | None = None
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
        steps = self.fidelity is not None and (self.fidelity.attack_steps or self.fidelity.attack_step)
        if steps and self.recipe.attack != "pgd":
            raise ValueError(
                f"fidelity: attack_steps and attack_step are for PGD; recipe {self.recipe.name} takes one step"
            )
        return self

    def resolved(self) -> "ResolvedTraining":
        """The same with the data's own defaults filled in; InputError when the data cannot be read."""
        dataset = load_dataset(self.data, self.data_dir)
        fidelity = dict(dataset.fidelity)
        if self.recipe.attack != "pgd":
            fidelity = {name: value for name, value in fidelity.items() if not name.startswith("attack_")}
        own = {
            "images": dataset.parts,
            "eps": dataset.epsilon,
            "fidelity": fidelity,
            "augmentation": dataset.augmentation,
        }
        return ResolvedTraining(**(own | {name: value for name, value in self if value is not None}))


class ResolvedTraining(TrainingSettings):
    """Training settings with nothing left open."""

    images: PartSizes
    eps: EpsilonField
    fidelity: Fidelity
    augmentation: tuple[str, ...]


@lru_cache(maxsize=2)
def load_dataset(name: str, folder: Path | None) -> Dataset:
    """A registered dataset, read once a process."""
    dataset: Dataset = registry.load(registry.DATASETS, name)(folder)
    return dataset


class AdversarialTrainingSettings(BaseModel):
    """``{train: {...}}`` as it stands in a config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: TrainingSettings


@dataclass(frozen=True)
class _Plan:
    """Settings with nothing left open."""

    parts: Mapping[str, Part]
    schedule: Schedule
    attacks: tuple[Attack, ...]


class _EnoughTimedError(Exception):
    """Leaves a training that only had to be timed."""


class AdversarialTraining:
    """Trains each architecture from scratch by one recipe and measures its robust accuracy.

    Metrics: ``robust_accuracy``, ``clean_accuracy`` and ``robust_margin`` on the score part, which a search
    chooses by, and ``final_...`` of each on the final part, which nothing chooses by.

    Raises:
        InputError: from the constructor, when the data cannot be read or do not suffice.
    """

    Settings: ClassVar[type[BaseModel]] = AdversarialTrainingSettings
    instant: ClassVar[bool] = False

    def __init__(self, settings: AdversarialTrainingSettings, space: SearchSpace) -> None:
        self._training = settings.train.resolved()
        self._space = space
        self._dataset = load_dataset(self._training.data, self._training.data_dir)
        self._on_device: dict[str, dict[str, Part]] = {}
        self._data_record = self._describe()
        asked, held = self._training.fidelity.images, self._data_record["images"]["training"]
        if asked is not None and asked > held:
            raise InputError(f"fidelity.images asks for {asked} images; the training part holds {held}")

    def __reduce__(self) -> tuple[Any, ...]:
        # The images stay behind: a worker reads them itself.
        return type(self), (self.settings, self._space)

    @classmethod
    def image_format(cls, settings: AdversarialTrainingSettings) -> tuple[Shape, int]:
        """Shape of one image and number of classes of the data; InputError when they cannot be read."""
        dataset = load_dataset(settings.train.data, settings.train.data_dir)
        return dataset.input_shape, dataset.num_classes

    @property
    def settings(self) -> AdversarialTrainingSettings:
        """The settings with the data's own defaults filled in."""
        return AdversarialTrainingSettings(train=TrainingSettings(**dict(self._training)))

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Accuracies lie in [0, 1], margins in [-1, 1]."""
        own = {"clean_accuracy": (0.0, 1.0), "robust_accuracy": (0.0, 1.0), "robust_margin": (-1.0, 1.0)}
        return own | {f"final_{name}": bound for name, bound in own.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results must know of the data."""
        return (self._dataset.note,) if self._dataset.note else ()

    @property
    def fidelity(self) -> Mapping[str, Any]:
        """The fidelity of the settings, as JSON."""
        fidelity: dict[str, Any] = self._training.fidelity.model_dump(mode="json", exclude_none=True)
        return fidelity

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Nothing beyond params and FLOPs, which the space gives."""
        return [{} for _ in architectures]

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Train and attack one architecture; deterministic on a CPU with one thread."""
        started = time.perf_counter()
        plan = self._plan(context.device, task)

        def check(share: float) -> None:
            context.progress(share)
            if context.deadline is not None and time.monotonic() > context.deadline:
                raise DeadlineExceededError(f"its time limit was reached with {share:.0%} done")

        curve: list[Mapping[str, float]] = []
        metrics: dict[str, float] = {}
        status, reason = Status.COMPLETE, ""
        try:
            model = self._build(task, context.device)
            training = plan.parts["training"]
            curve.extend(train(model, training, plan.schedule, task.seed, lambda s: check(s * _TRAINING_SHARE)))
            for part, prefix in (("score", ""), ("final", "final_")):
                metrics |= self._attack(model, plan, part, lambda _: check(_TRAINING_SHARE)).metrics(prefix)
            if context.folder is not None:
                _save(model, context.folder / f"{arch.key(task.architecture)}.safetensors")
        except Exception as error:
            # Caught here rather than by the caller, so that the curve so far and its provenance are kept.
            (status, reason), metrics = classified(error), {}
        return Evaluation(
            status,
            metrics=metrics,
            curve=tuple(curve),
            seconds=time.perf_counter() - started,
            provenance=self._provenance(plan, context.device),
            reason=reason,
        )

    def estimate(self, task: Task, context: Context) -> Estimate:
        """Time a few training steps and one batch of the evaluation, and scale them up."""
        plan = self._plan(context.device, task)
        model = self._build(task, context.device)
        moments: list[float] = []

        def stop_early(_share: float) -> None:
            moments.append(time.perf_counter())
            if len(moments) > _TIMED_STEPS or moments[-1] - moments[0] > _TIMED_SECONDS:
                raise _EnoughTimedError

        with suppress(_EnoughTimedError):
            list(train(model, plan.parts["training"], plan.schedule, task.seed, stop_early))
        moments.append(time.perf_counter())
        step = median(after - before for before, after in pairwise(moments))
        # As many images as take a few steps' time, so that slow networks are measured quickly as well.
        affordable = int(_TIMED_SECONDS / step * plan.schedule.fidelity.batch_size / 10)
        batch = min(max(affordable, 8), self._training.evaluation.batch_size, len(plan.parts["score"]))
        started = time.perf_counter()
        evaluate_robustness(model, plan.parts["score"].first(batch), plan.attacks, 0, batch)
        per_image = (time.perf_counter() - started) / batch
        images = len(plan.parts["score"]) + len(plan.parts["final"])
        seconds = step * plan.schedule.steps(len(plan.parts["training"])) + per_image * images
        return Estimate(seconds, _peak_memory(context.device))

    def _plan(self, device: str, task: Task) -> _Plan:
        training = self._training
        if device not in self._on_device:
            self._on_device[device] = self._divide(device)
        fidelity = Fidelity(**task.fidelity) if task.fidelity else training.fidelity
        steps, step = training.evaluation.steps, training.evaluation.step
        return _Plan(
            parts=self._on_device[device],
            schedule=Schedule(training.recipe, fidelity, training.eps, training.augmentation),
            attacks=(PGD(training.eps, steps, step, "cross-entropy"), PGD(training.eps, steps, step, "margin")),
        )

    def _divide(self, device: str) -> dict[str, Part]:
        return divide(self._dataset, self._training.images, self._training.split_seed, device)

    def _describe(self) -> dict[str, Any]:
        parts = self._divide("cpu")
        return {
            "name": self._dataset.name,
            "hash": content_hash(parts),
            "input_shape": list(self._dataset.input_shape),
            "split_seed": self._training.split_seed,
            "images": {name: len(part) for name, part in parts.items()},
        }

    def _build(self, task: Task, device: str) -> nn.Module:
        # Weights are drawn on the CPU, so that they do not depend on the device.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(task.seed)
            model = task.architecture.build(self._space.num_classes, self._space.input_shape)
        return model.to(device)

    def _attack(self, model: nn.Module, plan: _Plan, part: str, check: Callable[[float], None]) -> Robustness:
        training = self._training
        return evaluate_robustness(
            model, plan.parts[part], plan.attacks, training.split_seed, training.evaluation.batch_size, check
        )

    def _provenance(self, plan: _Plan, device: str) -> dict[str, Any]:
        schedule = plan.schedule
        training = {
            "recipe": schedule.recipe.model_dump(mode="json"),
            "fidelity": schedule.fidelity.model_dump(mode="json"),
            "epsilon": str(schedule.epsilon),
            "augmentation": list(schedule.augmentation),
        }
        return {
            **training,
            "recipe_hash": json_hash(training),
            "data": self._data_record,
            "evaluation": {
                "attack": "worst case of PGD on the cross-entropy and PGD on the margin",
                "norm": "linf",
                "epsilon": str(schedule.epsilon),
                "steps": self._training.evaluation.steps,
                "step": str(schedule.epsilon * self._training.evaluation.step),
                "seed": self._training.split_seed,
            },
            "versions": versions(),
            "device": device_name(device),
        }


def _save(model: nn.Module, path: Path) -> None:
    """Write the weights to a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}, partial)
    partial.replace(path)


def _peak_memory(device: str) -> int:
    """Most bytes that this process has used so far: on the GPU, or in all."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
