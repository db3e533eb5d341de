"""Tune a recipe's hyperparameters for a network, in a directory of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Experiment, Listener, Work, given_settings
from rnas.experiments._references import AnyNetwork, resolve_reference
from rnas.experiments.training._cost_estimate import EPOCH, SELECTION, estimate_cost
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.experiments.tuning._space import default_space, parse_space
from rnas.experiments.tuning._study import TuningStudy
from rnas.experiments.tuning._trial import TrialTraining
from rnas.experiments.tuning.result import TuningResult, summarised
from rnas.experiments.tuning.settings import TuningSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status, Task
from rnas.nas.execution._local import executor_of, measured_slots
from rnas.nas.execution.executor import Executor
from rnas.nas.execution.ray_settings import cluster
from rnas.networks import architecture as arch
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import checked
from rnas.utils.files import write_text
from rnas.utils.provenance import device_name, versions

SOURCE = "tune"
"""Name of the settings in messages."""


class Tuning(Experiment[TuningSettings, TuningResult]):
    """Train a network with many values of a recipe's fields, and find the best on images held out from training.

    Its ledger is an Optuna study, to which every epoch of every trial is reported. The best recipe is written to
    ``recipe.yaml``, as ``rnas train --recipe`` takes it.
    """

    kind = "tuning"
    Settings = TuningSettings
    grows = ("trials",)

    @property
    def recipe(self) -> Path:
        """Return the path of the best recipe found."""
        return self.path / "recipe.yaml"

    def run(self, listener: Listener | Sequence[Listener] | None = None, *, workers: int | None = None) -> TuningResult:
        """Run trials until there are as many as the settings say, and write the result.

        Open trials, which a killed tuning leaves, are trained first, from their first epoch. One after the other in
        this process (0 workers) trials are those of a tuning that was never stopped; with several at once what the
        sampler and the pruner know depends on which trial ends first.

        Args:
            listener: learns of progress; there may be several. Every record is an Optuna trial.
            workers: trials at once, each in a process of its own; None is 0, and on a cluster as many as it has room
                for.

        Raises:
            InputError: another process is running the tuning, its settings were changed, or the recipe as it is given
                cannot be trained.
            LedgerError: the ledger is damaged or gone.
        """
        return super().run(listener, workers=0 if workers is None and cluster() is None else workers)

    def result(self) -> TuningResult:
        """Return what has come of the tuning so far.

        Raises:
            InputError: no trial was started yet, or the settings were changed.
            LedgerError: the ledger is damaged.
        """
        with self.reading() as storage:
            study = TuningStudy(storage, self.settings)
            if not study.trials:
                raise InputError(f"{self.path} has no trial yet; start it with: {self.resume_command}")
            summary = summarised(self.settings, study)
        return TuningResult(self.path, self.settings, summary)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials so far in their order."""
        with self.reading() as storage:
            return TuningStudy(storage, self.settings).trials

    def write(self) -> TuningResult:
        """Write the result, and the best recipe if there is one."""
        result = super().write()
        if result.recipe is not None:
            write_text(self.recipe, yaml.safe_dump(dict(result.recipe), sort_keys=False))
        return result

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Time a few steps of a training, and multiply; pruned trials take less. See :meth:`Experiment.estimate`."""
        places = tuple(measured_slots(workers or 0, self.settings.training.device))
        training = estimate_cost(Setup.of(self.settings.training))
        epoch = [work for work in training.work if work.label in (EPOCH, SELECTION)]
        trial = EstimatedWork(
            "a trial",
            self.settings.trials,
            sum(work.count * work.seconds for work in epoch),
            epoch[0].memory_bytes,
            {"epochs": self.settings.training.fidelity.epochs},
        )
        return CostEstimate((trial,), places)

    @classmethod
    def _name(cls, settings: TuningSettings) -> str:
        return f"tune-{settings.training.short_name}-{settings.training.recipe.name}"

    def _check(self) -> None:
        Setup.of(self.settings.training)

    def _begin(self, storage: BaseStorage) -> None:
        TuningStudy(storage, self.settings)

    def _inputs(self) -> Mapping[str, str]:
        return {f"training.{name}": found for name, found in self.settings.training.inputs.items()}

    def _run(self, listener: Listener, workers: int | None) -> None:
        training = self.settings.training
        with self.storage() as storage:
            study = TuningStudy(storage, self.settings)
            study.close_finished_trials()
            here = cluster() is None
            where = device_name(training.device) if here else "a cluster of Ray"
            study.keep_provenance({"versions": versions(), "device": where})
            evaluator = TrialTraining(self.settings, self.database)
            with executor_of(evaluator, workers, device=training.device if here else "auto") as executor:
                ended = [trial for trial in study.trials if trial.state.is_finished()]
                listener.started(self, Work("trial", self.settings.trials, len(ended), executor.slots, records=ended))
                self._run_trials(study, executor, listener)

    def _run_trials(self, study: TuningStudy, executor: Executor, listener: Listener) -> None:
        waiting = [trial for trial in study.trials if not trial.state.is_finished()]
        running: set[int] = set()

        def tick(shares: Mapping[int, float]) -> None:
            listener.progress({f"trial {number}": share for number, share in sorted(shares.items())})

        while True:
            while len(running) < executor.slots and (waiting or len(study.trials) < self.settings.trials):
                trial = waiting.pop(0) if waiting else study.ask()
                executor.submit(trial.number, self._task(trial))
                running.add(trial.number)
            if not running:
                return
            for number, evaluation in executor.wait(tick):
                running.discard(number)
                if number == 0 and evaluation.status not in (Status.COMPLETE, Status.DIVERGED):
                    raise InputError(_impossible(evaluation))
                listener.recorded(study.tell(number, evaluation))

    def _task(self, trial: FrozenTrial) -> Task:
        architecture = arch.from_dict(self.settings.training.architecture)
        return Task(
            architecture, self.settings.training.seed, {"number": trial.number, "parameters": dict(trial.params)}
        )


def tune(
    architecture: AnyNetwork,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    *,
    space: Mapping[str, str] | Sequence[str] | None = None,
    trials: int = 20,
    sampler: str = "tpe",
    pruner: str = "median",
    data: str | None = None,
    data_dir: Path | str | None = None,
    extra: Path | str | None = None,
    eps: float | str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    seed: int = 0,
    split_seed: int | None = None,
    augmentation: Sequence[str] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int | None = None,
    output: Path | str | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> TuningResult:
    """Tune hyperparameters of a recipe for a network, by accuracy under attack on held-out training images.

    The test split of the data, on which trainings are reported, is not looked at. Arguments that are not named below
    are those of :func:`rnas.train`, for every trial.

    Args:
        architecture: an architecture, or what :func:`rnas.experiments.resolve` understands.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise; as it is given it
            is trial 0.
        space: fields with the values that they may take, as ``{"learning_rate": "0.01:1:log"}`` or
            ``["learning_rate=0.01:1:log"]``; None is :func:`rnas.experiments.tuning._space.default_space`.
        trials: number of trials in all.
        sampler: see :func:`rnas.nas.strategies._optuna_samplers.sampler_names`.
        pruner: ``median``, ``hyperband`` or ``none``; see :func:`rnas.experiments.tuning._pruners.make_pruner`.
        data: see :func:`rnas.train`.
        data_dir: see :func:`rnas.train`.
        extra: see :func:`rnas.train`.
        eps: see :func:`rnas.train`.
        epochs: epochs of each training; None is as many as the recipe was published with.
        batch_size: images of one step; None is the recipe's own.
        images: see :func:`rnas.train`.
        seed: seed of every training, and of the sampler.
        split_seed: see :func:`rnas.train`.
        augmentation: see :func:`rnas.train`.
        fidelity: see :func:`rnas.train`.
        evaluation: see :func:`rnas.train`.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: trainings at once, each in a process of its own; 0 trains one after the other in this process; None is
            0, and on a cluster as many as it has room for.
        output: directory of the tuning; None makes ``runs/tune-<network>-<recipe>-<n>``.
        listener: learns of progress; there may be several.

    Raises:
        InputError: a setting is wrong, data are missing, the directory exists, or the recipe as it is given cannot be
            trained.

    Examples:
        >>> import rnas
        >>> from rnas.networks import ResidualNetwork
        >>> network = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)
        >>> few = {"train": 64, "val": 16, "search_val": 16, "test": 32}
        >>> tuned = rnas.tune(
        ...     network, "short-sat", data="digits", trials=1, epochs=1, images=few, output="runs/example", workers=0
        ... )
    """
    given = given_settings(locals())
    own = {name: given.pop(name) for name in ("space", "trials", "sampler", "pruner") if name in given}
    training = resolve_settings(resolve_reference(given.pop("architecture")), given)
    return Tuning.create(tuning_settings(training, **own), output).run(listener, workers=workers)


def tuning_settings(
    training: TrainingRunSettings, space: Mapping[str, str] | Sequence[str] | None = None, **own: Any
) -> TuningSettings:
    """Return the settings of a tuning.

    Args:
        training: settings of every trial but for what is tuned.
        space: see :func:`tune`.
        **own: other fields of the settings that are given.

    Raises:
        InputError: a setting is wrong.
    """
    # One place for the size of a batch, so that it may be tuned and is in the recipe that comes of it.
    recipe = training.recipe.model_copy(update={"batch_size": training.fidelity.batch_size})
    if space is not None and not isinstance(space, Mapping):
        space = parse_space(list(space))
    content = {
        "space": default_space(recipe) if space is None else dict(space),
        **own,
        "training": {**training.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json")},
    }
    return checked(TuningSettings, content, SOURCE)


def _impossible(evaluation: Evaluation) -> str:
    """Return why no value can be compared with that of trial 0."""
    advice = "a smaller batch_size may help" if evaluation.status is Status.OUT_OF_MEMORY else "correct that first"
    return f"the recipe as it is given cannot be trained here ({evaluation.reason}): {advice}"
