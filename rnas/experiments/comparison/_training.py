"""Train one network with one seed to the end, and attack its best and last checkpoints."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import torch
from pydantic import BaseModel

from rnas.attacks.named import named_attack
from rnas.data.loading import load_dataset
from rnas.errors import DivergedError
from rnas.evaluation._request import Request
from rnas.evaluation._weights_evaluation import evaluate_subject
from rnas.evaluation.evaluation_result import CLEAN as CLEAN
from rnas.evaluation.evaluation_result import WORST_CASE as WORST_CASE
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.subject import subject_of
from rnas.evaluation.threats import unseen_threats
from rnas.experiment import CostEstimate, ShareListener
from rnas.experiments._references import resolve
from rnas.experiments.comparison.settings import ComparisonSettings, SharedTraining
from rnas.experiments.training._cost_estimate import estimate_cost
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.experiments.training.training import Training
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Rung, Status, Task
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.training._cuda_graph import seconds_without_launches
from rnas.training.numerics import Numerics
from rnas.utils.provenance import json_hash

CHECKPOINTS = ("best", "last")
PRIMARY = ("best", WORST_CASE)
"""The best checkpoint under all attacks together: what networks are compared by first."""

CORRUPTIONS = "corruptions"
"""Column of the mean accuracy under the common corruptions, which has no tests."""

METRIC = "best_worst_case"
"""Name of this metric in the ledger."""

_EVALUATIONS = "evaluations"
_TRAINING_SHARE = 0.5
_TIMED, _WARMED = 20, 5


@dataclass(frozen=True)
class ComparedTraining:
    """Train by the settings of a comparison, and attack the checkpoints.

    Metrics: ``best_...`` and ``last_...`` of ``clean``, each attack, and ``worst_case``, accuracies in [0, 1] on the
    test split. The provenance holds, for each checkpoint, which images were right. Without a folder it cannot
    evaluate: the training is stored in ``trainings/KEY-seed-N`` there, and is resumed from it. A task's fidelity
    has what was tuned, as ``recipe``.

    Attributes:
        settings: settings of the comparison.
    """

    Settings: ClassVar[type[BaseModel]] = ComparisonSettings
    instant: ClassVar[bool] = False

    settings: ComparisonSettings

    def __post_init__(self) -> None:
        for name in self.settings.training.attacks:
            named_attack(name, self.settings.training.eps, "linf")

    @classmethod
    def image_format(cls, settings: ComparisonSettings) -> tuple[Shape, int]:
        """Return the shape of one image and the number of classes; raise InputError if the data cannot be read."""
        dataset = load_dataset(settings.training.data, settings.training.data_dir)
        return dataset.input_shape, dataset.num_classes

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are measured of each checkpoint; see :func:`columns_of`."""
        return columns_of(self.settings.training)

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the bounds of the metrics, all of which are accuracies."""
        return {metric(checkpoint, column): (0.0, 1.0) for checkpoint in CHECKPOINTS for column in self.columns}

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return hashes of the images."""
        return self.settings.training.inputs

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return the only rung, which is the whole training."""
        return (Rung(self.settings.training.fidelity.model_dump(mode="json", exclude_none=True)),)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on the data that a reader of the results must know."""
        dataset = load_dataset(self.settings.training.data, self.settings.training.data_dir)
        return (dataset.note,) if dataset.note else ()

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Return no metrics: params and FLOPs come from the space."""
        return [{} for _ in architectures]

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Train, or resume a training that was stopped, and attack both checkpoints.

        Raises:
            ValueError: the context has no folder.
            DivergedError: the loss is no longer finite.
        """
        if context.folder is None:
            raise ValueError("a comparison needs a folder for its trainings")
        started = time.perf_counter()
        with _on(context.device):
            run = self._trained(task, context)
            summary = run.summary
            assert summary is not None
            if summary["status"] == "diverged":
                raise DivergedError(summary["reason"])
            results: dict[int, EvaluationResult] = {}
            found: dict[str, Any] = {}
            metrics: dict[str, float] = {}
            for place, (name, checkpoint) in enumerate(zip(CHECKPOINTS, (run.best, run.last), strict=True)):
                assert checkpoint is not None
                if checkpoint.epoch not in results:
                    results[checkpoint.epoch] = self._attacked(checkpoint.path, context, place)
                result = results[checkpoint.epoch]
                own = result.accuracies
                rights = {column: accuracy.right for column, accuracy in own.items()}
                found[name] = {"epoch": checkpoint.epoch, **_record(result), "right": rights}
                metrics |= {metric(name, column): accuracy.accuracy for column, accuracy in own.items()}
                if result.corruptions is not None:
                    metrics[metric(name, CORRUPTIONS)] = result.corruptions["mean"]["accuracy"]
            provenance = {
                **{key: summary[key] for key in ("recipe", "recipe_hash", "versions", "device")},
                "data": summary["data"]["hash"],
                "status": summary["status"],
                "reason": summary["reason"],
                "epochs": summary["epochs_done"],
                "training_seconds": summary["seconds"]["train"],
                "latency_ms": self._latency(task.architecture, context.device),
                **found,
            }
        return Evaluation(
            Status.COMPLETE, metrics=metrics, seconds=time.perf_counter() - started, provenance=provenance
        )

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Measure the training, with quick attacks at its end: what strong ones take depends on what they break."""
        found = self.training_estimate(task, context)
        return EvaluationEstimate(found.seconds, found.work[0].memory_bytes)

    def training_estimate(self, task: Task, context: Context) -> CostEstimate:
        """Measure the same by parts."""
        with _on(context.device):
            return estimate_cost(Setup.of(self._settings(task, context)))

    def task(self, architecture: Architecture, seed: int, tuned: Mapping[str, Any] | None = None) -> Task:
        """Return the task of a training with a seed, with the fields of the recipe that were tuned for the network."""
        return Task(architecture, seed, {**self.rungs[0].fidelity, **({"recipe": dict(tuned)} if tuned else {})})

    def _settings(self, task: Task, context: Context) -> TrainingRunSettings:
        key = arch.key(task.architecture)
        device = "cuda" if context.device.startswith("cuda") else "cpu"
        return self.settings.training.training_of(
            key, arch.to_dict(task.architecture), task.seed, device, task.fidelity.get("recipe")
        )

    def _trained(self, task: Task, context: Context) -> TrainingResult:
        assert context.folder is not None
        path = context.folder / f"{arch.key(task.architecture)}-seed-{task.seed}"
        training = Training.open(path) if path.exists() else Training.create(self._settings(task, context), path)
        return training.run(ShareListener(lambda share: context.progress(_TRAINING_SHARE * share)))

    def _attacked(self, checkpoint: Path, context: Context, place: int) -> EvaluationResult:
        assert context.folder is not None
        training = self.settings.training
        request = Request(
            network=str(checkpoint),
            attacks=training.attacks,
            images=training.attacked_images,
            data_dir=training.data_dir,
            batch_size=training.evaluation.batch_size,
            device=context.device,
            # Networks are compared by their best checkpoints; the checks can cost more than the attacks.
            flags=training.flags and place == 0,
            unseen=training.unseen,
            output=context.folder.parent / _EVALUATIONS,
        )

        def report(share: float) -> None:
            context.progress(_TRAINING_SHARE + (1 - _TRAINING_SHARE) * (place + share) / len(CHECKPOINTS))

        return evaluate_subject(request, subject_of(resolve(checkpoint), request), ShareListener(report))

    def _latency(self, architecture: Architecture, device: str) -> float:
        """Return the time of a forward pass of one image in float32, in milliseconds.

        On a CPU it is the median of some passes, on a GPU the mean of many as one graph after another.
        """
        shape, classes = self.image_format(self.settings)
        with torch.random.fork_rng(devices=[]):
            model = architecture.build(classes, shape).eval().to(device)
        image = torch.zeros(1, *shape, device=device)
        with Numerics().active(image.device), torch.no_grad():
            if image.device.type == "cuda":
                numerics = self.settings.training.recipe.numerics
                numerics.prepare(model)
                image = image.contiguous(memory_format=numerics.memory_format)
                return 1e3 * seconds_without_launches(partial(model, image))
            seconds = []
            for _ in range(_WARMED + _TIMED):
                started = time.perf_counter()
                model(image)
                seconds.append(time.perf_counter() - started)
        return 1e3 * median(seconds[_WARMED:])


def columns_of(training: SharedTraining) -> tuple[str, ...]:
    """Return what is measured of each checkpoint: ``clean``, the attacks, ``corruptions`` if asked, ``worst case``.

    With unseen threats there is one column for each attack in each ball, which is named before it.
    """
    if not training.unseen:
        return CLEAN, *training.attacks, WORST_CASE
    dataset = load_dataset(training.data, training.data_dir)
    unseen = unseen_threats(dataset.name, dataset.input_shape, training.eps)
    threats = (f"linf:{training.eps}", *(threat.name for threat in unseen))
    return CLEAN, *(f"{threat} {attack}" for threat in threats for attack in training.attacks), CORRUPTIONS, WORST_CASE


def metric(checkpoint: str, column: str) -> str:
    """Return the name of an accuracy in the ledger."""
    return f"{checkpoint}_{column.replace(' ', '_')}"


def _on(device: str) -> AbstractContextManager[Any]:
    """Make ``cuda`` mean this GPU within the block."""
    return torch.cuda.device(device) if device.startswith("cuda") else nullcontext()


def _record(result: EvaluationResult) -> dict[str, Any]:
    """Return what is recorded of an evaluation in addition to its accuracies."""
    return {
        "images": result.data.images,
        "images_hash": json_hash({"hash": result.data.images_hash, "ids": list(result.data.ids)}),
        "published_test_images": result.data.published_test_images,
        "attack_seconds": sum(attack.cost.seconds for attack in result.attacks),
        "flags": [flag.name for flag in result.flags or ()],
    }
