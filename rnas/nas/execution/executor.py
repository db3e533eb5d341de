"""Define the contract of an executor."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rnas.nas.evaluators.evaluator import Evaluation, Task


@dataclass(frozen=True)
class Limits:
    """Limit what an evaluation may use. ``seconds`` None is no limit."""

    seconds: float | None = None
    folder: Path | None = None


class Executor(Protocol):
    """Run evaluations, several at once if there are several slots."""

    @property
    def slots(self) -> int:
        """Return how many evaluations run at once, which may change as machines come and go."""

    def submit(self, number: int, task: Task) -> None:
        """Start an evaluation; only while fewer than ``slots`` run."""

    def wait(self, tick: Callable[[dict[int, float]], None]) -> list[tuple[int, Evaluation]]:
        """Wait until at least one evaluation ends; numbers and results of those that did.

        ``tick`` is called now and then with the share done of each one that runs. Whatever happens to an
        evaluation, its result comes; only an interrupt is raised.
        """

    def close(self) -> None:
        """End at once, with whatever still runs; no process is left."""
