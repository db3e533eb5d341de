"""Evaluate a network finally: train it as in the search, and attack it as hard as it can be."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rnas.attacks.named import named_attack
from rnas.errors import DeadlineExceededError
from rnas.evaluation._request import Request
from rnas.evaluation._weights_evaluation import evaluate_subject
from rnas.evaluation.subject import EvaluatedNetwork, subject_of
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import ShareListener
from rnas.nas.evaluators.evaluator import FINAL_ACCURACY, Context, Evaluates, Evaluation, Status, Task, inputs_of
from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape

_TRAINING_SHARE = 0.5


class FinalTraining:
    """Train as an evaluator does, and then attack the network on the test split of the data.

    Under the context's folder it leaves ``seed-N/KEY.safetensors`` and in the same folder the evaluation's result as
    ``rnas evaluate`` writes it; without a folder it cannot evaluate.

    Args:
        trainer: trains, and leaves the weights in the context's folder as ``KEY.safetensors``.
        training: settings that it trains by.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
        attacks: names that :func:`rnas.attacks.named_attack` knows.

    Raises:
        InputError: an attack is unknown.
    """

    def __init__(
        self,
        trainer: Evaluates,
        training: ResolvedTraining,
        input_shape: Shape,
        num_classes: int,
        attacks: tuple[str, ...],
    ) -> None:
        self._trainer = trainer
        self._training = training
        self._input_shape = input_shape
        self._num_classes = num_classes
        self._attacks = attacks
        for name in attacks:
            named_attack(name, training.eps, "linf")

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return hashes of what the training reads."""
        return inputs_of(self._trainer)

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
        evaluation = self._trainer.evaluate(task, first)
        if evaluation.status is not Status.COMPLETE:
            return evaluation
        training = self._training
        weights = folder / f"{arch.key(task.architecture)}.safetensors"
        network = EvaluatedNetwork(
            str(weights),
            task.architecture,
            self._input_shape,
            self._num_classes,
            checkpoint=weights,
            training=training,
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
        own: dict[str, Any] = {
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
            provenance={**evaluation.provenance, "final_evaluation": own},
        )
