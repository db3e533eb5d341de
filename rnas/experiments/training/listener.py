"""What is told of a training under way."""

from collections.abc import Sequence
from typing import Protocol

from rnas.experiments.training.history import Row
from rnas.experiments.training.setup import Setup


class Listener(Protocol):
    """Told of a training's progress, in this order."""

    def started(self, setup: Setup, history: Sequence[Row]) -> None:
        """It begins, or goes on after the epochs of a history."""

    def training(self, epoch: int, share: float) -> None:
        """So much in [0, 1] of an epoch's steps is done."""

    def selecting(self, epoch: int, share: float) -> None:
        """So much in [0, 1] of the selection after an epoch is done."""

    def ended(self, history: Sequence[Row], best: Row) -> None:
        """An epoch has ended: the last row of the history. ``best`` is that of the best epoch so far."""

    def evaluating(self, checkpoint: str, attack: str, share: float) -> None:
        """So much in [0, 1] of an attack on ``best`` or ``last`` is done."""

    def out_of_memory(self) -> None:
        """Memory ran out, and smaller batches are tried, which takes a minute."""


class Silent:
    """A listener that says nothing."""

    def started(self, setup: Setup, history: Sequence[Row]) -> None:
        """Nothing."""

    def training(self, epoch: int, share: float) -> None:
        """Nothing."""

    def selecting(self, epoch: int, share: float) -> None:
        """Nothing."""

    def ended(self, history: Sequence[Row], best: Row) -> None:
        """Nothing."""

    def evaluating(self, checkpoint: str, attack: str, share: float) -> None:
        """Nothing."""

    def out_of_memory(self) -> None:
        """Nothing."""
