"""Run the epochs of a training and its final evaluation, and write the state after each epoch.

After each epoch the state is written first, and best, last and history after it. All three follow from the state, so a
training that was killed in between makes them again when it is resumed.
"""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnas.errors import BatchTooLargeError, DivergedError, InputError
from rnas.experiment import Experiment, Listener, Work
from rnas.experiments.training._evaluation import CheckpointResult, compared, evaluate_test, evaluate_val
from rnas.experiments.training._history import HISTORY, Row, best_row, to_csv
from rnas.experiments.training._memory import advise
from rnas.experiments.training._state import STATE, State, has_state
from rnas.experiments.training._summary import Status, provenance, summarised
from rnas.experiments.training.checkpoint import BEST, LAST, Checkpoint, write_description, write_weights
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.networks.weights import load_weights
from rnas.utils._devices import out_of_memory, release
from rnas.utils._threads import one_thread
from rnas.utils.files import write_text

TrainingExperiment = Experiment[TrainingRunSettings, Any]

EVALUATION = "final evaluation"
"""Name of the phase after the last epoch."""

_FILES = {"best": BEST, "last": LAST}


def train_to_the_end(experiment: TrainingExperiment, setup: Setup, listener: Listener) -> None:
    """Train from the state in the experiment's directory until the end, and write the result.

    Args:
        experiment: the training, whose directory is this process's alone.
        setup: what its settings name.
        listener: learns of progress. Every record is a row of the history.

    Raises:
        InputError: what the directory holds is damaged, or of other settings or data.
        BatchTooLargeError: memory ran out.
    """
    with one_thread(setup.settings.device):
        where = _Where()
        try:
            _Loop(experiment, setup, listener, where).run()
            return
        except Exception as error:
            if not out_of_memory(error):
                raise
        # Out of the handler, where no traceback holds network and optimiser any more.
        release()
        listener.message("out of memory; trying smaller batches, to say which fits")
        raise BatchTooLargeError(_out_of_memory(experiment, setup, where.in_training))


def _out_of_memory(experiment: TrainingExperiment, setup: Setup, in_training: bool) -> str:
    """Return in one line which batch would fit, and how to resume."""
    advice = advise(setup, in_training)
    if not (experiment.path / STATE).exists():
        return f"{advice.fault}: {advice.remedy}"
    # The epochs done are of this batch size; that of evaluations changes no more than rounding.
    fix = "free some memory"
    if advice.batch and not in_training:
        fix = f"{advice.remedy} in {experiment.config}"
    return f"{advice.fault}: {fix}, and resume with: {experiment.resume_command}"


@dataclass
class _Where:
    """Hold what a training is doing now.

    Attributes:
        in_training: a training step, not an evaluation.
    """

    in_training: bool = True


class _Loop:
    """Run a training."""

    def __init__(self, experiment: TrainingExperiment, setup: Setup, listener: Listener, where: _Where) -> None:
        self._where = where
        self._experiment = experiment
        self._folder: Path = experiment.path
        self._setup = setup
        self._listener = listener
        self._training = setup.trainer()
        self._state = State(setup.settings.fingerprint, ())
        self._provenance = provenance(setup)

    def run(self) -> None:
        """Train, evaluate, and write the result."""
        self._restore()
        epochs, history = self._setup.settings.fidelity.epochs, self._state.history
        self._listener.started(self._experiment, Work("epoch", epochs, len(history), records=history))
        status: Status = "complete"
        reason = ""
        try:
            self._train()
        except DivergedError as error:
            status, reason = "diverged", str(error)
        overfitting = self._state.overfitting
        if overfitting is not None:
            status = "overfitted"
            reason = (
                f"catastrophic overfitting in epoch {overfitting['epoch']:.0f}: robust accuracy on training images "
                f"fell from {overfitting['before']:.1%} to {overfitting['guarded_accuracy']:.1%}; that epoch was taken "
                "back and the training ended"
            )
        checkpoints = {}
        if self._state.history:
            checkpoints = {name: Checkpoint.read(self._folder / file) for name, file in _FILES.items()}
        summary = summarised(self._setup, self._state.history, status, reason, checkpoints) | self._provenance
        if status != "diverged":
            summary = self._evaluated(summary, checkpoints)
        write_text(self._experiment.result_file, json.dumps(summary, indent=2, allow_nan=False) + "\n")

    def _restore(self) -> None:
        if not has_state(self._folder):
            return
        path = self._folder / STATE
        saved = State.read(path)
        if saved.fingerprint != self._state.fingerprint:
            raise InputError(
                f"{self._experiment.config} was changed after the training was started: restore it from a copy, or "
                "train again in a new directory"
            )
        try:
            self._training.load(saved.tensors)
        except (KeyError, RuntimeError) as error:
            if out_of_memory(error):
                raise
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: does not fit the network ({reason}): it is of another version of rnas") from None
        self._state = replace(saved, tensors={})
        self._derive()

    def _train(self) -> None:
        training = self._training
        epochs = self._setup.settings.fidelity.epochs

        def check(share: float) -> None:
            self._where.in_training = True
            self._listener.progress({f"epoch {training.epoch + 1}": share * epochs - training.epoch})

        def selecting(_share: float) -> None:
            self._listener.progress({f"val images after epoch {training.epoch}": 1.0})

        for point in training.epochs(check):
            if training.overfitted:
                before = self._state.history[-1]["guarded_accuracy"]
                overfitting = {"epoch": point["epoch"], "guarded_accuracy": point["guarded_accuracy"], "before": before}
                self._state = replace(self._state, overfitting=overfitting)
            else:
                self._where.in_training = False
                selected = evaluate_val(self._setup, training.result, selecting)
                self._state = replace(self._state, history=(*self._state.history, {**point, **selected}))
            replace(self._state, tensors=training.state()).write(self._folder / STATE)
            self._record_graph_failure()
            self._derive()
            if not training.overfitted:
                self._listener.recorded(self._state.history[-1])
        self._where.in_training = False

    def _record_graph_failure(self) -> None:
        failure = self._training.graph_failure
        if failure and "without_cuda_graph" not in self._provenance:
            self._provenance["without_cuda_graph"] = failure
            self._listener.message(f"a part of the training runs without a CUDA graph, at the same result ({failure})")

    @property
    def _best(self) -> Row:
        return best_row(self._state.history, self._setup.settings.recipe)

    def _derive(self) -> None:
        """Write all that follows from the state."""
        row = self._state.history[-1]
        weights = self._training.result.state_dict()
        if self._best is row:
            self._keep("best", row, weights)
        self._keep("last", row, weights)
        write_text(self._folder / HISTORY, to_csv(self._state.history))

    def _keep(self, name: str, row: Row, weights: Any) -> None:
        setup = self._setup
        path = self._folder / _FILES[name]
        val = {metric: row[f"val_{metric}"] for metric in ("clean_accuracy", "robust_accuracy", "robust_margin")}
        checkpoint = Checkpoint(
            path,
            setup.architecture,
            setup.dataset.input_shape,
            setup.dataset.num_classes,
            setup.settings,
            int(row["epoch"]),
            val,
            write_weights(path, weights, setup.description),
            self._provenance,
        )
        write_description(checkpoint)

    def _evaluated(self, summary: dict[str, Any], checkpoints: dict[str, Checkpoint]) -> dict[str, Any]:
        """Return the summary with the results of best and last on the test split."""
        started = time.perf_counter()
        results: dict[int, CheckpointResult] = {}
        self._listener.started(self._experiment, Work("evaluation", 1, phase=EVALUATION))
        summary["comparison"] = None
        for name, checkpoint in checkpoints.items():
            if checkpoint.epoch not in results:
                results[checkpoint.epoch] = self._final(name, checkpoint)
            summary[name]["test"] = results[checkpoint.epoch].to_dict()
        if len(results) > 1:
            summary["comparison"] = compared(*results.values())
        summary["seconds"]["test"] = time.perf_counter() - started
        return summary

    def _final(self, name: str, checkpoint: Checkpoint) -> CheckpointResult:
        model = self._training.model
        # The training is over, and its network is as good as another to hold the weights.
        load_weights(model, checkpoint.path, (), checkpoint.path.name)
        attacks = self._setup.settings.attacks

        def moved(attack: str, share: float) -> None:
            label = f"{attack} on the {name} weights"
            if not share:
                self._listener.message(f"test images: {label}")
            self._listener.progress({label: (attacks.index(attack) + share) / len(attacks)})

        return evaluate_test(self._setup, model, moved)
