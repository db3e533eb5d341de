"""What is told of a tuning under way."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from optuna.trial import FrozenTrial

from rnas.experiments.tuning.settings import TuningSettings


class Listener(Protocol):
    """Is told what happens; what it does changes nothing."""

    def started(self, settings: TuningSettings, trials: Sequence[FrozenTrial]) -> None:
        """It begins, or goes on after some trials."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Now and then: the share done of each trial that runs, by number."""

    def ended(self, trial: FrozenTrial) -> None:
        """A trial has ended."""


class Silent:
    """A listener that says nothing."""

    def started(self, settings: TuningSettings, trials: Sequence[FrozenTrial]) -> None:
        """Nothing."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Nothing."""

    def ended(self, trial: FrozenTrial) -> None:
        """Nothing."""
