"""The loop over trials: ask, train, tell."""

from typing import cast

from optuna.trial import FrozenTrial

from rnas.errors import InputError
from rnas.experiments.tuning.directory import TuningDirectory
from rnas.experiments.tuning.listener import Listener
from rnas.experiments.tuning.result import summarised, write
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.study import TuningStudy
from rnas.experiments.tuning.trial import TrialTraining
from rnas.nas.evaluators.evaluator import Evaluation, Evaluator, Status, Task
from rnas.nas.execution.executor import Executor
from rnas.nas.execution.local import local_executor
from rnas.networks import architecture as arch


def carry_on(directory: TuningDirectory, settings: TuningSettings, workers: int | None, listener: Listener) -> None:
    """Run trials until the study has as many as the settings say, and write what came of them.

    Open trials, which a killed tuning leaves, are trained first, from their first epoch. One after the other in this
    process (0 workers) trials are those of a tuning that was never stopped; with several at once what the sampler and
    the pruner know depends on which trial ends first.

    Raises:
        InputError: the directory is in use or of other settings, or the recipe as it is given cannot be trained.
        LedgerError: the study is damaged.
    """
    with directory.writing() as storage:
        study = TuningStudy(storage, settings)
        study.close_finished_trials()
        listener.started(settings, study.trials)
        # An executor does nothing with an evaluator but evaluate.
        evaluator = cast(Evaluator, TrialTraining(settings, directory.database))
        with local_executor(evaluator, workers, device=settings.training.device) as executor:
            _run(study, settings, executor, listener)
        write(directory, summarised(settings, study))


def _run(study: TuningStudy, settings: TuningSettings, executor: Executor, listener: Listener) -> None:
    waiting = [trial for trial in study.trials if not trial.state.is_finished()]
    running: set[int] = set()
    while True:
        while len(running) < executor.slots and (waiting or len(study.trials) < settings.trials):
            trial = waiting.pop(0) if waiting else study.ask()
            executor.submit(trial.number, _task(settings, trial))
            running.add(trial.number)
        if not running:
            return
        for number, evaluation in executor.wait(listener.running):
            running.discard(number)
            if number == 0 and evaluation.status not in (Status.COMPLETE, Status.DIVERGED):
                raise InputError(_impossible(evaluation))
            listener.ended(study.tell(number, evaluation))


def _task(settings: TuningSettings, trial: FrozenTrial) -> Task:
    architecture = arch.from_dict(settings.training.architecture)
    fidelity = {"number": trial.number, "parameters": dict(trial.params)}
    return Task(architecture, settings.training.seed, fidelity)


def _impossible(evaluation: Evaluation) -> str:
    """Why there is nothing to compare trials with."""
    advice = "a smaller --batch-size may help" if evaluation.status is Status.OUT_OF_MEMORY else "mend that first"
    return f"the recipe as it is given cannot be trained here ({evaluation.reason}): {advice}"
