"""Train adversarially at a low fidelity, then attack; this is the default evaluator."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from rnas import registry
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.pgd import PGD
from rnas.data._extra import load_extra
from rnas.data.dataset import Split, content_hash, divide
from rnas.data.fidelity import Fidelity
from rnas.data.loading import load_dataset
from rnas.errors import DeadlineExceededError, InputError
from rnas.evaluation.corruption_robustness import evaluate_corruptions
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext
from rnas.evaluation.robustness import Robustness, evaluate_robustness, image_seconds
from rnas.evaluation.threats import Threat, parse_threat, robust_to_all, unseen_threats
from rnas.evaluation.training_data import describe_network
from rnas.evaluation.training_settings import UNSEEN, TrainingSettings
from rnas.nas.evaluators._final_training import FinalTraining
from rnas.nas.evaluators._guard import classified, of_the_machine
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Rung, Status, Task
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks._exported import write_described
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weights import load_weights
from rnas.training.numerics import Numerics
from rnas.training.plan import Plan
from rnas.training.search_cost import SearchCost, attack_cost, training_cost
from rnas.training.trainer import Trainer
from rnas.utils._devices import peak_memory
from rnas.utils.files import file_hash
from rnas.utils.model import Model
from rnas.utils.provenance import device_name, json_hash, processor, versions

_ATTACKS = 2
"""PGD on the cross-entropy and PGD on the margin."""

_PREFIXES = {"search_val": "", "test": "test_"}
"""Prefix of the metrics of each split on which a network is attacked at the highest rung."""

_ACCURACIES = {"clean_accuracy": (0.0, 1.0), "robust_accuracy": (0.0, 1.0), "robust_margin": (-1.0, 1.0)}
_BOUNDS = {f"{prefix}{name}": bound for prefix in ("", "test_") for name, bound in _ACCURACIES.items()}
"""Least and greatest value of each metric that is measured of every network."""

_WORST_CASE, _CORRUPTIONS = "worst_case_accuracy", "corruption_accuracy"

_HASH_DIGITS = 16
_DIAGNOSED_IMAGES = 100
_TIMED_SECONDS = 5.0
_SHORTEST_STEP = 0.01


class AdversarialTrainingSettings(Model):
    """Hold ``{train: {...}}`` of a config."""

    train: TrainingSettings
    """Training and attack of each network."""


@dataclass(frozen=True)
class TrainingPlan:
    """Hold settings with nothing left open."""

    splits: Mapping[str, Split]
    extra: Split | None
    training: Plan
    attacks: tuple[Attack, ...]
    threats: Mapping[Norm, tuple[Attack, ...]]
    is_lower: bool


class Trains(Protocol):
    """Define what an evaluation needs of a training, as :class:`rnas.training.Trainer` has it."""

    @property
    def result(self) -> nn.Module:
        """Return the network trained so far."""

    @property
    def overfitted(self) -> bool:
        """Return whether catastrophic overfitting ended the training."""

    @property
    def graph_failure(self) -> str:
        """Return why a part of a step runs without its CUDA graph; empty where none does."""

    def epochs(self, check: Callable[[float], None]) -> Iterator[Mapping[str, float]]:
        """Run the remaining epochs and yield one mapping for each."""

    def step_seconds(self) -> float:
        """Return the median time of a step, in seconds."""


class AdversarialTraining(Evaluator):
    """Train each architecture from scratch by one recipe and measure its robust accuracy.

    Metrics: ``robust_accuracy``, ``clean_accuracy`` and ``robust_margin`` on the search_val split, by which a
    search chooses; ``test_...`` of each on the test split, by which nothing is chosen; and those of the diagnostics
    that the settings name, on the first images of the search_val split. Further threats give the accuracy in each, such
    as ``l2_accuracy``, and ``worst_case_accuracy`` in all balls; unseen ones also ``corruption_accuracy``. At a lower
    rung the test split is not used, and no weights are stored.

    Raises:
        InputError: the constructor raises it if the data cannot be read or do not suffice.
    """

    Settings: ClassVar[type[BaseModel]] = AdversarialTrainingSettings
    instant: ClassVar[bool] = False

    def __init__(self, settings: AdversarialTrainingSettings, space: SearchSpace) -> None:
        self._training = settings.train.resolved()
        self._space = space
        self._dataset = load_dataset(self._training.data, self._training.data_dir)
        self._extra = load_extra(self._training.extra, self._dataset) if self._training.extra is not None else None
        self._on_device: dict[str, tuple[dict[str, Split], Split | None]] = {}
        self._data_record = self._describe()
        self._inputs = {f"train.{name}": found for name, found in self._training.inputs.items()}
        held = self._data_record["images"]["train"]
        for asked in (self._training.fidelity.images, *(rung.images for rung in self._training.rungs)):
            if asked is not None and asked > held:
                raise InputError(f"fidelity.images asks for {asked} images; the train split holds {held}")
        recipe = self._training.recipe
        self._example = space.decode(space.sample(1, np.random.default_rng(0))[0])
        self._rungs = self._resolved_rungs()
        if recipe.activation is not None:
            raise InputError(
                f"recipe {recipe.name} trains networks with activation {recipe.activation}, and a search decides on "
                "activations itself: set recipe.activation to null, and narrow the space's if only that one is wanted"
            )
        if recipe.extra_fraction and self._extra is None:
            raise InputError(f"recipe {recipe.name} needs extra data: set extra to its file, or extra_fraction to 0")
        example = self._example
        for name in self._training.evaluation.diagnostics:
            if not registry.load(registry.DIAGNOSTICS, name).covers(example):
                raise InputError(f"evaluation.diagnostics: {name} is not defined for networks of kind {example.kind}")
        self._check_names()

    def __reduce__(self) -> tuple[Any, ...]:
        # The images stay behind: a worker reads them itself.
        return type(self), (self.settings, self._space)

    @classmethod
    def image_format(cls, settings: AdversarialTrainingSettings) -> tuple[Shape, int]:
        """Return the shape of one image and the number of classes; raise InputError if the data cannot be read."""
        dataset = load_dataset(settings.train.data, settings.train.data_dir)
        return dataset.input_shape, dataset.num_classes

    @property
    def settings(self) -> AdversarialTrainingSettings:
        """Return the settings with the data's own defaults filled in."""
        return AdversarialTrainingSettings(train=TrainingSettings(**dict(self._training)))

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the bounds of metrics: accuracies are in [0, 1], margins in [-1, 1]."""
        diagnosed = {name: ends for diagnostic in self._diagnostics() for name, ends in diagnostic.metrics.items()}
        return {**_BOUNDS, **self._further_bounds, **diagnosed}

    @property
    def _further_bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the bounds of the accuracies under further threats."""
        names = [f"{threat.norm}_accuracy" for threat in self._threats]
        names += [_WORST_CASE] if names else []
        names += [_CORRUPTIONS] if self._corruptions else []
        return {f"{prefix}{name}": (0.0, 1.0) for prefix in _PREFIXES.values() for name in names}

    @property
    def _corruptions(self) -> bool:
        return UNSEEN in self._training.evaluation.threats

    @property
    def _threats(self) -> tuple[Threat, ...]:
        """Return the balls in which networks are attacked besides the one that they are trained for."""
        if self._corruptions:
            return unseen_threats(self._dataset.name, self._dataset.input_shape, self._training.eps)
        return tuple(map(parse_threat, self._training.evaluation.threats))

    @property
    def _attacked(self) -> int:
        """Return the number of attacks on each image."""
        return _ATTACKS * (1 + len(self._threats))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on the data that a reader of the results must know."""
        return (self._dataset.note,) if self._dataset.note else ()

    def speed_note(self, device: str) -> str:
        """Return in one line why training is slower on a device than it could be; empty if it is not."""
        return self._training.recipe.numerics.speed_note(device)

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return hashes of the images, as they were when they were read."""
        return self._inputs

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return the rungs of the settings; a rung's share is that of its images passed forward and backward."""
        return self._rungs

    def _resolved_rungs(self) -> tuple[Rung, ...]:
        highest = self._training.fidelity
        fidelities = self._lower
        if highest in fidelities:
            raise InputError(
                f"rungs: rung {1 + fidelities.index(highest)} is the highest one again; give at least one difference"
            )
        passes = [self._passes(fidelity, ("search_val",)) for fidelity in fidelities]
        most = self._passes(highest, tuple(_PREFIXES))
        for number, (cheaper, dearer) in enumerate(pairwise([*passes, most]), 1):
            if cheaper >= dearer:
                raise InputError(
                    f"rungs: rung {number} costs no less than the one above it ({cheaper:,} and {dearer:,} images "
                    "passed forward and backward); go from cheap to dear"
                )
        rungs = [
            Rung(fidelity.model_dump(mode="json", exclude_none=True), count / most)
            for fidelity, count in zip([*fidelities, highest], [*passes, most], strict=True)
        ]
        return tuple(rungs)

    def _passes(self, fidelity: Fidelity, attacked: Sequence[str]) -> int:
        """Count images passed forward and backward by a training at a fidelity and the attacks on some splits."""
        held: Mapping[str, int] = self._data_record["images"]
        evaluated = sum(held[split] for split in attacked) * self._attacked * self._training.evaluation.steps
        return self._training_passes(fidelity) + evaluated

    def _training_passes(self, fidelity: Fidelity) -> int:
        held: Mapping[str, int] = self._data_record["images"]
        inner_attack = self._training.recipe.inner_attack_at(fidelity)
        crafted = 0 if inner_attack is None else inner_attack.passes
        images = min(fidelity.images or held["train"], held["train"])
        return fidelity.epochs * images * (1 + crafted)

    def cost(self, task: Task) -> SearchCost:
        """Count the images that an evaluation of a task passes through networks; its seconds are measured with it."""
        held: Mapping[str, int] = self._data_record["images"]
        attacked = sum(held[split] for split in (("search_val",) if self._is_lower(task) else _PREFIXES))
        return self._training_cost(task) + attack_cost(attacked, self._training.evaluation.steps, self._attacked)

    def _training_cost(self, task: Task) -> SearchCost:
        return training_cost(self._schedule(task), self._data_record["images"]["train"])

    def _schedule(self, task: Task) -> Plan:
        """Return recipe and length of the training of a task."""
        training = self._training
        fidelity = self._fidelity(task)
        return Plan(training.recipe, fidelity, training.eps, self._dataset.num_classes, training.augmentation)

    def _training_share(self, task: Task) -> float:
        """Return which share of an evaluation its training is."""
        fidelity = self._fidelity(task)
        evaluated = ("search_val",) if fidelity in self._lower else tuple(_PREFIXES)
        return self._training_passes(fidelity) / self._passes(fidelity, evaluated)

    def stage(self, task: Task, share: float) -> str:
        """Return which epoch is trained when a share of a task is done, or that the network is attacked."""
        fidelity = self._fidelity(task)
        trained = self._training_share(task)
        if share >= trained:
            return "attacked"
        return f"epoch {int(share / trained * fidelity.epochs) + 1} of {fidelity.epochs}"

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Train and attack one architecture; deterministic on a CPU with one thread."""
        started = time.perf_counter()
        plan = self._plan(context.device, task)
        trained = self._training_share(task)

        def check(share: float) -> None:
            context.progress(share)
            if context.deadline is not None and time.monotonic() > context.deadline:
                raise DeadlineExceededError(f"its time limit was reached with {share:.0%} done")

        curve: list[Mapping[str, float]] = []
        metrics: dict[str, float] = {}
        status, reason, overfitted, weights, graph_failure = Status.COMPLETE, "", False, "", ""
        try:
            training = self._trainer(task, plan, context.device)
            curve.extend(training.epochs(lambda share: check(share * trained)))
            model, overfitted = training.result, training.overfitted
            graph_failure = training.graph_failure
            metrics |= self._measured(
                model, plan, task.architecture, lambda share: check(trained + (1 - trained) * share)
            )
            # Only the network of the highest rung is stored.
            if context.folder is not None and not plan.is_lower:
                context.folder.mkdir(parents=True, exist_ok=True)
                path = context.folder / f"{arch.key(task.architecture)}.safetensors"
                description = describe_network(task.architecture, self._dataset, self._training)
                write_described(path, model.state_dict(), description)
                weights = file_hash(path)[:_HASH_DIGITS]
        except Exception as error:
            if of_the_machine(error):
                raise
            # Caught here rather than by the caller, so that the curve so far and its provenance are recorded.
            (status, reason), metrics = classified(error), {}
        return Evaluation(
            status,
            metrics=metrics,
            curve=tuple(curve),
            seconds=time.perf_counter() - started,
            provenance={
                **self.provenance(task, context.device),
                "stopped_by_catastrophic_overfitting": overfitted,
                **({"without_cuda_graph": graph_failure} if graph_failure else {}),
                **({"weights": weights} if weights else {}),
            },
            reason=reason,
        )

    def evaluate_weights(self, task: Task, weights: Path, context: Context) -> Evaluation:
        """Evaluate a network with weights that an earlier evaluation of the same task stored, without training."""
        started = time.perf_counter()
        plan = self._plan(context.device, task)
        model = self._build(task, context.device)
        # As the training left it: in another memory format the last digits are others.
        plan.training.recipe.numerics.prepare(model)
        load_weights(model, weights, (), arch.key(task.architecture))
        metrics = self._measured(model, plan, task.architecture, context.progress)
        return Evaluation(
            Status.COMPLETE,
            metrics=metrics,
            seconds=time.perf_counter() - started,
            provenance={
                **self.provenance(task, context.device),
                "weights": file_hash(weights)[:_HASH_DIGITS],
            },
        )

    def provenance(self, task: Task, device: str) -> Mapping[str, Any]:
        """Return what an evaluation of a task on a device would record of all that decides it, without evaluating."""
        return self._provenance(self._plan(device, task), device)

    def final_evaluator(self, attacks: Sequence[str]) -> FinalTraining:
        """Return an evaluator of the members of a front under these attacks."""
        space = self._space
        return FinalTraining(self, self._training, space.input_shape, space.num_classes, tuple(attacks))

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Time a few training steps and one batch of the evaluation, and scale them up."""
        plan = self._plan(context.device, task)
        model = self._build(task, context.device)
        step = self._trainer(task, plan, context.device).step_seconds()
        # As many images as take a few steps' time, so that slow networks are measured quickly as well.
        affordable = int(_TIMED_SECONDS / max(step, _SHORTEST_STEP) * plan.training.fidelity.batch_size / 10)
        batch = min(max(affordable, 8), self._training.evaluation.batch_size, len(plan.splits["search_val"]))
        attacks = (*plan.attacks, *chain.from_iterable(plan.threats.values()))
        per_image = image_seconds(model, plan.splits["search_val"].first(batch), attacks)
        images = len(plan.splits["search_val"]) + len(plan.splits["test"])
        seconds = step * plan.training.steps(plan.training.images(len(plan.splits["train"]))) + per_image * images
        return EvaluationEstimate(seconds, peak_memory(context.device))

    def _plan(self, device: str, task: Task) -> TrainingPlan:
        training = self._training
        if device not in self._on_device:
            extra = self._extra.to(device) if self._extra is not None else None
            self._on_device[device] = self._divide(device), extra
        splits, extra = self._on_device[device]
        steps, step = training.evaluation.steps, training.evaluation.step
        return TrainingPlan(
            splits=splits,
            training=self._schedule(task),
            extra=extra,
            attacks=(PGD(training.eps, steps, step, "cross-entropy"), PGD(training.eps, steps, step, "margin")),
            threats={
                threat.norm: (
                    PGD(threat.epsilon, steps, step, "cross-entropy", norm=threat.norm),
                    PGD(threat.epsilon, steps, step, "margin", norm=threat.norm),
                )
                for threat in self._threats
            },
            is_lower=self._is_lower(task),
        )

    def _fidelity(self, task: Task) -> Fidelity:
        return Fidelity(**task.fidelity) if task.fidelity else self._training.fidelity

    def _divide(self, device: str) -> dict[str, Split]:
        return divide(self._dataset, self._training.images, self._training.split_seed, device)

    def _describe(self) -> dict[str, Any]:
        splits = self._divide("cpu")
        return {
            "name": self._dataset.name,
            "hash": content_hash(splits),
            "input_shape": list(self._dataset.input_shape),
            "split_seed": self._training.split_seed,
            "images": {name: len(split) for name, split in splits.items()},
            "published_files": self._dataset.verified,
            "classes": list(self._dataset.classes),
            "extra": None if self._extra is None else {"images": len(self._extra), "hash": self._extra.digest[:16]},
        }

    def _check_names(self) -> None:
        """Raise InputError if two owners give one metric, because either value could be the one that is recorded."""
        owners = dict.fromkeys((*_BOUNDS, *self._further_bounds, "flops", "params"), "the evaluator")
        for name, diagnostic in zip(self._training.evaluation.diagnostics, self._diagnostics(), strict=True):
            for metric in diagnostic.metrics:
                if metric in owners:
                    raise InputError(f"evaluation.diagnostics: {name} gives {metric!r}, which {owners[metric]} gives")
                owners[metric] = name

    def _diagnostics(self) -> list[Diagnostic]:
        return [registry.load(registry.DIAGNOSTICS, name) for name in self._training.evaluation.diagnostics]

    def _diagnosed(self, model: nn.Module, plan: TrainingPlan, architecture: Architecture) -> dict[str, float]:
        """Run the diagnostics on a trained network and the first images of the search_val split."""
        diagnostics = self._diagnostics()
        if not diagnostics:
            return {}
        split, seed = plan.splits["search_val"].first(_DIAGNOSED_IMAGES), self._training.split_seed
        images = split.images(slice(None))
        with Numerics().active(images.device):
            context = DiagnosticContext(
                model=model,
                architecture=architecture,
                images=images,
                adversarial=plan.attacks[0](model, images, split.labels, split.ids, seed),
                labels=split.labels,
                ids=split.ids,
                epsilon=plan.training.epsilon,
                seed=seed,
                num_classes=self._space.num_classes,
                input_shape=self._space.input_shape,
            )
            return {name: value for diagnostic in diagnostics for name, value in diagnostic(context).items()}

    def _build(self, task: Task, device: str) -> nn.Module:
        # Weights are drawn on the CPU, so that they do not depend on the device.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(task.seed)
            model = task.architecture.build(self._space.num_classes, self._space.input_shape)
        return model.to(device)

    def _trainer(self, task: Task, plan: TrainingPlan, device: str) -> Trains:
        """Return the training of a network before its first epoch."""
        return Trainer(self._build(task, device), plan.splits["train"], plan.training, task.seed, plan.extra)

    def _is_lower(self, task: Task) -> bool:
        """Return whether a task is at a lower rung."""
        return self._fidelity(task) in self._lower

    @property
    def _lower(self) -> list[Fidelity]:
        """Return the fidelities of the lower rungs, cheapest first."""
        return [rung.below(self._training.fidelity) for rung in self._training.rungs]

    def _measured(
        self, model: nn.Module, plan: TrainingPlan, architecture: Architecture, check: Callable[[float], None]
    ) -> dict[str, float]:
        """Measure all metrics of a trained network; use the test split, which is reported of a front, at the highest
        rung only.
        """
        metrics: dict[str, float] = {}
        splits = {"search_val": ""} if plan.is_lower else _PREFIXES
        rounds = len(splits) * (1 + len(plan.threats))
        done = 0

        def checked(share: float) -> None:
            check((done + share) / rounds)

        for split, prefix in splits.items():
            found = self._attack(model, plan, split, plan.attacks, checked)
            metrics |= found.metrics(prefix)
            robust = [found.robust]
            done += 1
            for norm, attacks in plan.threats.items():
                robust.append(self._attack(model, plan, split, attacks, checked).robust)
                metrics[f"{prefix}{norm}_accuracy"] = robust[-1].double().mean().item()
                done += 1
            if plan.threats:
                metrics[f"{prefix}{_WORST_CASE}"] = robust_to_all(robust).double().mean().item()
            if self._corruptions:
                metrics[f"{prefix}{_CORRUPTIONS}"] = self._corrupted(model, plan.splits[split])
        return metrics | self._diagnosed(model, plan, architecture)

    def _corrupted(self, model: nn.Module, split: Split) -> float:
        """Return the mean accuracy under the common corruptions."""
        evaluation, seed = self._training.evaluation, self._training.split_seed
        with Numerics().active(split.pixels.device):
            return evaluate_corruptions(model, split, seed, batch_size=evaluation.batch_size).mean.value

    def _attack(
        self,
        model: nn.Module,
        plan: TrainingPlan,
        split: str,
        attacks: Sequence[Attack],
        check: Callable[[float], None],
    ) -> Robustness:
        training, images = self._training, plan.splits[split]
        # Training may be in reduced precision; what is reported never is.
        with Numerics().active(images.pixels.device):
            return evaluate_robustness(
                model,
                images,
                attacks,
                training.split_seed,
                training.evaluation.batch_size,
                check,
                training.recipe.numerics.cuda_graphs,
            )

    def _provenance(self, plan: TrainingPlan, device: str) -> dict[str, Any]:
        schedule = plan.training
        training: dict[str, Any] = {
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
                "precision": "float32",
                "steps": self._training.evaluation.steps,
                "step": str(schedule.epsilon * self._training.evaluation.step),
                "seed": self._training.split_seed,
                **({"threats": [threat.name for threat in self._threats]} if self._threats else {}),
                **({"corruptions": "the 15 common ones, computed"} if self._corruptions else {}),
            },
            "versions": versions(),
            "device": device_name(device),
            "processor": processor(device),
        }
