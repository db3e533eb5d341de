"""The last word on a network: trained as in the search, and attacked as hard as it can be."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel

from rnas.attacks.named import named_attack
from rnas.errors import DeadlineExceededError
from rnas.evaluation.request import Request
from rnas.evaluation.subject import EvaluatedNetwork, subject_of
from rnas.evaluation.weights_evaluation import evaluate_subject
from rnas.experiment import ShareListener
from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from rnas.nas.evaluators.evaluator import FINAL_ACCURACY, Context, Estimate, Evaluation, Rung, Status, Task
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape

_TRAINING_SHARE = 0.5


class FinalTraining:
    """Trains as an :class:`AdversarialTraining` does and then attacks the network on the final part of the data.

    Under the context's folder it leaves ``seed-N/KEY.safetensors`` and beside that the evaluation's result as
    ``rnas evaluate`` writes it; without a folder it cannot evaluate.

    Args:
        training: how to train.
        attacks: names that :func:`rnas.attacks.named.named_attack` knows.

    Raises:
        InputError: an attack is unknown.
    """

    Settings: ClassVar[type[BaseModel]] = AdversarialTrainingSettings
    instant: ClassVar[bool] = False

    def __init__(self, training: AdversarialTraining, attacks: tuple[str, ...]) -> None:
        self._training = training
        self._attacks = attacks
        resolved = training.settings.train.resolved()
        for name in attacks:
            named_attack(name, resolved.eps, "linf")

    @classmethod
    def image_format(cls, settings: AdversarialTrainingSettings) -> tuple[Shape, int]:
        """See :meth:`AdversarialTraining.image_format`."""
        return AdversarialTraining.image_format(settings)

    @property
    def settings(self) -> AdversarialTrainingSettings:
        """Of the training."""
        return self._training.settings

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Of the training, and one accuracy more."""
        return {**self._training.bounds, FINAL_ACCURACY: (0.0, 1.0)}

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The highest of the training alone."""
        return self._training.rungs[-1:]

    @property
    def notes(self) -> tuple[str, ...]:
        """Of the training."""
        return self._training.notes

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Nothing beyond params and FLOPs, which the space gives."""
        return self._training.known(architectures)

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Train, attack, and look for signs of overestimated robustness.

        Raises:
            ValueError: the context has no folder.
        """
        if context.folder is None:
            raise ValueError("a final evaluation needs a folder for weights and results")
        started = time.perf_counter()
        folder = context.folder / f"seed-{task.seed}"
        first = replace(context, folder=folder, progress=lambda share: context.progress(share * _TRAINING_SHARE))
        evaluation = self._training.evaluate(task, first)
        if evaluation.status is not Status.COMPLETE:
            return evaluation
        training = self.settings.train.resolved()
        weights = folder / f"{arch.key(task.architecture)}.safetensors"
        shape, classes = self.image_format(self.settings)
        network = EvaluatedNetwork(
            str(weights), task.architecture, shape, classes, checkpoint=weights, training=training
        )
        request = Request(
            network=str(weights),
            data_dir=training.data_dir,
            attacks=self._attacks,
            batch_size=training.evaluation.batch_size,
            device=context.device,
            output=folder,
        )

        def check(share: float) -> None:
            done = _TRAINING_SHARE + (1 - _TRAINING_SHARE) * share
            context.progress(done)
            if context.deadline is not None and time.monotonic() > context.deadline:
                raise DeadlineExceededError(f"its time limit was reached with {done:.0%} done")

        result = evaluate_subject(request, subject_of(network, request), ShareListener(check))
        final: dict[str, Any] = {
            "attacks": list(self._attacks),
            "threat": [threat.name for threat in result.threats],
            "images": result.data.images,
            "interval": [result.worst_case.low, result.worst_case.high],
            "flags": [flag.model_dump() for flag in result.flags or ()],
        }
        return replace(
            evaluation,
            metrics={**evaluation.metrics, FINAL_ACCURACY: result.worst_case.accuracy},
            seconds=time.perf_counter() - started,
            provenance={**evaluation.provenance, "final": final},
        )

    def estimate(self, task: Task, context: Context) -> Estimate:
        """Of the training alone: how long attacks take depends on how many images they break."""
        return self._training.estimate(task, context)
