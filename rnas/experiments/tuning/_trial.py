"""Run one trial: a training that reports every epoch, and may be stopped after any."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from rnas.experiments.training._evaluation import evaluate_val
from rnas.experiments.training.setup import Setup
from rnas.experiments.tuning._study import TuningStudy
from rnas.experiments.tuning.settings import TuningSettings
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task
from rnas.utils import _sqlite as sqlite


@dataclass(frozen=True)
class TrialTraining:
    """Train the tasks that executors are given, whose fidelity is ``number`` and ``parameters`` of a trial.

    Attributes:
        settings: settings of the tuning.
        database: file of its study, which records every epoch wherever the training runs.
    """

    settings: TuningSettings
    database: Path

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return hashes of the images."""
        return self.settings.training.inputs

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Train, and measure each epoch on the val split.

        The curve has a row for each epoch; ``pruned`` of the provenance says whether the trial was stopped.

        Raises:
            DivergedError: a loss is not finite.
            InputError: the data are gone.
        """
        number = int(task.fidelity["number"])
        started = time.perf_counter()
        if context.device.startswith("cuda"):
            torch.cuda.set_device(context.device)
        setup = Setup.of(self.settings.trial(task.fidelity["parameters"]))
        training = setup.trainer()
        curve: list[Mapping[str, float]] = []
        pruned = False
        with sqlite.opened(self.database) as storage:
            study = TuningStudy(storage, self.settings)
            for point in training.epochs(context.progress):
                if training.overfitted:
                    break
                curve.append({**point, **evaluate_val(setup, training.result)})
                pruned = study.report(number, training.epoch, curve[-1][self.settings.metric])
                if pruned:
                    break
        seconds = time.perf_counter() - started
        return Evaluation(Status.COMPLETE, {}, tuple(curve), seconds, {"pruned": pruned})
