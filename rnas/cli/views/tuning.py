"""Show a tuning: what is tuned, its trials, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from rnas.cli.views.words import Words
from rnas.experiment import Work
from rnas.experiments.tuning._study import result_of
from rnas.experiments.tuning.result import TuningResult, state_of
from rnas.experiments.tuning.tuning import Tuning
from rnas.report.tuning import value_word
from rnas.utils.quantities import pluralize


class TuningWords(Words):
    """Word the trials of a tuning."""

    experiment: Tuning

    def __init__(self, experiment: Tuning, work: Work) -> None:
        super().__init__(experiment, work)
        self._trials: list[FrozenTrial] = experiment.trials()

    def opening(self) -> list[str]:
        """Return what is tuned, and by what it is chosen."""
        settings = self.experiment.settings
        training = settings.training
        tuned = ", ".join(f"{key} in {values}" for key, values in settings.space.items())
        lines = [
            f"{self.experiment.path}: {training.network} by recipe {training.recipe.name}, "
            f"{pluralize(settings.trials, 'trial')} of {pluralize(training.fidelity.epochs, 'epoch')} on "
            f"{training.device}, sampler {settings.sampler}, pruner {settings.pruner}, seed {training.seed}",
            f"tuned: {tuned}",
            "trial 0 is the recipe as it is; chosen by "
            f"{_accuracy_word(settings.metric)} accuracy on held-out training images, never by test images",
        ]
        if self._trials:
            ended = round(self.work.done)
            again = f", {len(self._trials) - ended} begun and trained again" if len(self._trials) > ended else ""
            were = "was" if ended == 1 else "were"
            lines.append(f"{ended} of {pluralize(settings.trials, 'trial')} {were} done before{again}")
        return lines

    def recorded(self, record: FrozenTrial) -> str:
        """Return the values of a trial, and what it reached."""
        self._trials.append(record)
        values = "  ".join(f"{key} {value_word(value)}" for key, value in record.params.items())
        result = result_of(record)
        parts = [f"trial {record.number}", values, self._outcome(record, result), f"{result['seconds']:.1f} s"]
        return "  ".join(part for part in parts if part)

    def findings(self) -> Sequence[str]:
        """Return the best trial so far."""
        complete = [trial for trial in self._trials if trial.state is TrialState.COMPLETE]
        best = max(complete, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)
        return () if best is None else (f"best {best.value:.1%} (trial {best.number})",)

    @staticmethod
    def failed(result: TuningResult) -> bool:
        """Return whether no trial was completed."""
        return result.best is None

    def _outcome(self, trial: FrozenTrial, result: Mapping[str, Any]) -> str:
        state, metric = state_of(trial), self.experiment.settings.metric
        if state not in ("complete", "pruned"):
            return f"{state}: {result['reason']}"
        reached = f"{max(row[metric] for row in result['curve']):.1%} {_accuracy_word(metric)}"
        return reached if state == "complete" else f"{reached}, stopped after epoch {len(result['curve'])}"


def _accuracy_word(metric: str) -> str:
    """Return ``robust`` or ``clean`` for a column of the history."""
    return metric.removeprefix("val_").removesuffix("_accuracy")
