"""Train one network by a recipe, in a directory of its own."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from rnas.errors import BatchTooLargeError, InputError
from rnas.experiment import INPUTS, CostEstimate, Experiment, Listener
from rnas.experiments.training._cost_estimate import estimate_cost
from rnas.experiments.training._history import Row
from rnas.experiments.training._loop import train_to_the_end
from rnas.experiments.training._state import STATE, State, has_state
from rnas.experiments.training._summary import checked_summary
from rnas.experiments.training.checkpoint import BEST, LAST, Checkpoint
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.settings import KIND, TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.utils._json_files import read_json
from rnas.utils.files import write_text


class Training(Experiment[TrainingRunSettings, TrainingResult]):
    """Train one network, keep its best and its last weights, and evaluate both on images that nothing was chosen on.

    It has no ledger: its state is ``state.safetensors``, written after every epoch, from which ``best.safetensors``,
    ``last.safetensors`` and ``history.csv`` follow. ``result.json`` is there once the training has ended.
    """

    kind = KIND
    Settings = TrainingRunSettings
    # A comparison trains in worker processes.
    starts_processes = False
    has_ledger = False

    @property
    def best(self) -> Path:
        """Return the path of the weights of the best epoch on the val split."""
        return self.path / BEST

    @property
    def last(self) -> Path:
        """Return the path of the weights of the last epoch."""
        return self.path / LAST

    @property
    def state(self) -> Path:
        """Return the path of the state from which the training resumes."""
        return self.path / STATE

    @property
    def architecture(self) -> Path:
        """Return the path of the network's description."""
        return self.path / "architecture.json"

    @cached_property
    def setup(self) -> Setup:
        """Load everything that the settings name.

        Raises:
            InputError: data are missing, the network cannot run on them, or there is no such device here.
        """
        return Setup.of(self.settings)

    @property
    def history(self) -> tuple[Row, ...]:
        """Return a row for each epoch done; raise InputError if the state is damaged."""
        return State.read(self.state, with_tensors=False).history if has_state(self.path) else ()

    @property
    def summary(self) -> dict[str, Any] | None:
        """Return the summary, None before the training has ended; raise InputError if the file is damaged."""
        if not self.result_file.exists():
            return None
        try:
            return checked_summary(read_json(self.result_file), self.result_file)
        except InputError as error:
            raise InputError(f"{error}; delete it, and {self.resume_command} makes it again") from None

    def run(
        self, listener: Listener | Sequence[Listener] | None = None, *, workers: int | None = None
    ) -> TrainingResult:
        """Train until the end, and evaluate; a training that has ended is only read. A diverged loss is a result.

        Args:
            listener: learns of progress; there may be several. Every record is a row of the history.
            workers: not used, as a training is one process.

        Raises:
            InputError: another process is training there, or what the directory holds is damaged.
            BatchTooLargeError: memory ran out; where no epoch was done, nothing is left of the directory.
        """
        try:
            return super().run(listener, workers=workers)
        except BatchTooLargeError:
            if not self.state.exists():
                self._discard()
            raise

    def result(self) -> TrainingResult:
        """Return what the training has come to so far.

        Raises:
            InputError: a file is damaged.
        """
        best, last = (Checkpoint.read(file) if file.exists() else None for file in (self.best, self.last))
        return TrainingResult(self.path, self.settings, self.history, best, last, self.summary)

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Time a few steps and a batch under each attack; see :meth:`Experiment.estimate`.

        Raises:
            BatchTooLargeError: memory ran out.
        """
        return estimate_cost(self.setup)

    @classmethod
    def _name(cls, settings: TrainingRunSettings) -> str:
        return f"train-{settings.short_name}-{settings.recipe.name}"

    def _check(self) -> None:
        _ = self.setup

    def _inputs(self) -> Mapping[str, str]:
        return self.settings.inputs

    def require_same_inputs(self) -> None:
        """Raise ChangedInputError if the images are not those that the training was created with; one that has ended
        reads none.
        """
        if self.summary is None:
            super().require_same_inputs()

    def _fill(self, folder: Path) -> None:
        super()._fill(folder)
        write_text(folder / self.architecture.name, json.dumps(self.settings.architecture, indent=2) + "\n")

    def _run(self, listener: Listener, workers: int | None) -> None:
        if self.summary is None:
            train_to_the_end(self, self.setup, listener)

    def _discard(self) -> None:
        for path in (self.config, self.architecture, self.path / INPUTS, self.path / "lock"):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.rmdir()
