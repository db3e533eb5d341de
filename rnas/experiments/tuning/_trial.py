"""Run one trial: a training that reports every epoch, and may be stopped after any."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch

from rnas.experiments.training._evaluation import evaluate_val
from rnas.experiments.training.setup import Setup
from rnas.experiments.tuning._study import TuningStudy
from rnas.experiments.tuning.settings import TuningSettings
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task
from rnas.utils import _sqlite as sqlite


class Reports:
    """Receive the epochs of trials on other hosts, as an actor of Ray on the host that has the study.

    Args:
        settings: settings of the tuning.
        database: file of its study.
    """

    def __init__(self, settings: TuningSettings, database: Path) -> None:
        self._opened = ExitStack()
        self._study = TuningStudy(self._opened.enter_context(sqlite.opened(database)), settings)

    def report(self, number: int, epoch: int, value: float) -> bool:
        """See :meth:`rnas.experiments.tuning._study.TuningStudy.report`."""
        return self._study.report(number, epoch, value)


@dataclass(frozen=True)
class TrialTraining:
    """Train the tasks that executors are given, whose fidelity is ``number`` and ``parameters`` of a trial.

    Attributes:
        settings: settings of the tuning.
        database: file of its study, which records every epoch wherever the training runs.
        reports: the actor of :class:`Reports` by which it is reached from other hosts; None on its own host.
    """

    settings: TuningSettings
    database: Path
    reports: Any = None

    def on_cluster(self, ray: Any) -> Self:
        """Return what trains on any node of a cluster and reports to this host."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Reports).options(scheduling_strategy=here)
        return replace(self, reports=actor.remote(self.settings, self.database))

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
        settings = self.settings.trial(task.fidelity["parameters"])
        if self.reports is not None:
            # Another host may have a GPU where the driver's has none.
            device: Any = "cuda" if context.device.startswith("cuda") else "cpu"
            settings = settings.model_copy(update={"device": device})
        setup = Setup.of(settings)
        training = setup.trainer()
        curve: list[Mapping[str, float]] = []
        pruned = False
        with self._reporting() as report:
            for point in training.epochs(context.progress):
                if training.overfitted:
                    break
                curve.append({**point, **evaluate_val(setup, training.result)})
                pruned = report(number, training.epoch, curve[-1][self.settings.metric])
                if pruned:
                    break
        seconds = time.perf_counter() - started
        return Evaluation(Status.COMPLETE, {}, tuple(curve), seconds, {"pruned": pruned})

    @contextmanager
    def _reporting(self) -> Iterator[Callable[[int, int, float], bool]]:
        """Give what writes the value of an epoch and says whether to stop there."""
        if self.reports is None:
            with sqlite.opened(self.database) as storage:
                yield TuningStudy(storage, self.settings).report
        else:
            import ray

            yield lambda *given: bool(ray.get(self.reports.report.remote(*given)))
