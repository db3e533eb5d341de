"""The live view of a tuning."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from rnas.cli.counting_bar import counting_bar
from rnas.cli.training_view import duration
from rnas.experiments.tuning.result import state_of
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.study import result_of
from rnas.utils.quantities import pluralize


class TuningView:
    """A listener that writes a line for each trial, and on a terminal keeps a bar below them.

    Args:
        console: where to write, usually stderr.
        path: directory of the tuning.
    """

    def __init__(self, console: Console, path: Path) -> None:
        self._console = console
        self._path = path
        self._settings: TuningSettings | None = None
        self._done = self._earlier = 0
        self._best: FrozenTrial | None = None
        self._began = time.monotonic()
        self._bar = counting_bar()
        self._task = self._bar.add_task("trials", total=None, left="")
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def started(self, settings: TuningSettings, trials: Sequence[FrozenTrial]) -> None:
        """Say what is tuned, and by what it is chosen."""
        self._settings = settings
        ended = [trial for trial in trials if trial.state.is_finished()]
        self._done = self._earlier = len(ended)
        for trial in ended:
            self._keep_best(trial)
        self._bar.update(self._task, total=settings.trials, completed=self._done)
        for line in self._description(settings):
            self._say(line)
        if trials:
            again = f", {len(trials) - len(ended)} begun and trained again" if len(trials) > len(ended) else ""
            were = "was" if len(ended) == 1 else "were"
            self._say(f"{len(ended)} of {pluralize(settings.trials, 'trial')} {were} done before{again}")
        if self._console.is_terminal:
            self._live.start()

    def running(self, shares: Mapping[int, float]) -> None:
        """Move the bar, and show how far each trial is."""
        if not self._console.is_terminal:
            return
        self._bar.update(self._task, completed=self._done, left=self._left(sum(shares.values())))
        self._live.update(Group(self._bar, Text(", ".join(f"trial {n}: {s:.0%}" for n, s in sorted(shares.items())))))

    def ended(self, trial: FrozenTrial) -> None:
        """Write the trial's line."""
        assert self._settings is not None
        self._done += 1
        self._keep_best(trial)
        result = result_of(trial)
        total = self._settings.trials
        parts = [f"{self._done:>{len(str(total))}}/{total}  trial {trial.number}", parameters_words(trial.params)]
        parts.append(self._outcome(trial, result))
        parts.append(f"{result['seconds']:.1f} s")
        if self._best is not None:
            parts.append(f"best {self._best.value:.1%} (trial {self._best.number})")
        left = self._left(0.0)
        self._say("  ".join(part for part in (*parts, left) if part))

    def _outcome(self, trial: FrozenTrial, result: Mapping[str, Any]) -> str:
        state = state_of(trial)
        if state not in ("complete", "pruned"):
            return f"{state}: {result['reason']}"
        assert self._settings is not None
        reached = (
            f"{max(row[self._settings.metric] for row in result['curve']):.1%} {accuracy_word(self._settings.metric)}"
        )
        return reached if state == "complete" else f"{reached}, stopped after epoch {len(result['curve'])}"

    def _keep_best(self, trial: FrozenTrial) -> None:
        if trial.state is TrialState.COMPLETE and (
            self._best is None or (trial.value or 0.0) > (self._best.value or 0.0)
        ):
            self._best = trial

    def _left(self, share: float) -> str:
        assert self._settings is not None
        fresh = self._done + share - self._earlier
        left = self._settings.trials - self._done - share
        if fresh <= 0 or left <= 0:
            return ""
        return f"{duration((time.monotonic() - self._began) / fresh * left)} left"

    def _description(self, settings: TuningSettings) -> list[str]:
        training = settings.training
        tuned = ", ".join(f"{key} in {values}" for key, values in settings.space.items())
        return [
            f"{self._path}: {training.network} by recipe {training.recipe.name}, {pluralize(settings.trials, 'trial')} "
            f"of {pluralize(training.fidelity.epochs, 'epoch')} on {training.device}, sampler {settings.sampler}, "
            f"pruner {settings.pruner}, seed {training.seed}",
            f"tuned: {tuned}",
            "trial 0 is the recipe as it is; chosen by "
            f"{accuracy_word(settings.metric)} accuracy on held-out training images, never by test images",
        ]

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def parameters_words(parameters: Mapping[str, Any]) -> str:
    """Values of a trial, numbers to three digits."""
    return "  ".join(f"{key} {value_word(value)}" for key, value in parameters.items())


def value_word(value: Any) -> str:
    """One value: a number to three digits, the others as YAML has them."""
    return f"{value:.3g}" if isinstance(value, float) else yaml.safe_dump(value).splitlines()[0]


def accuracy_word(metric: str) -> str:
    """``robust`` or ``clean``, of a column of the history."""
    return metric.removeprefix("val_").removesuffix("_accuracy")
