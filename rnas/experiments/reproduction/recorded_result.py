"""A recorded result: its metrics, and how they are measured again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rnas.experiment import Listener
from rnas.experiments.reproduction.check import Check
from rnas.nas.evaluators.evaluator import Status
from rnas.statistics.interval import Interval

Source = Literal["checkpoint", "scratch", "table"]
"""What a result is reproduced from: the weights that were kept, a training anew, or the row that it was read from."""


@dataclass(frozen=True)
class Outcome:
    """What a result's network was measured at now.

    Attributes:
        seed: of its training; None where that is not known.
        metrics: by the names that the record has; empty where it failed.
        curve: of a training anew, one mapping an epoch.
        right: by metric which images were right, as :func:`rnas.evaluation.image_flags.pack` writes them; empty where
            the record does not hold that.
        status: how it ended.
        reason: one line that says why it did not complete.
    """

    seed: int | None
    metrics: Mapping[str, float]
    curve: tuple[Mapping[str, float], ...] = ()
    right: Mapping[str, str] = field(default_factory=dict)
    status: Status = Status.COMPLETE
    reason: str = ""

    @property
    def failure(self) -> str:
        """Status and reason of one that did not complete, with its seed; empty of others."""
        if self.status is Status.COMPLETE:
            return ""
        seed = "" if self.seed is None else f"seed {self.seed}: "
        return f"{seed}{self.status}: {self.reason}"


class RecordedResult(Protocol):
    """What was recorded of one network."""

    @property
    def words(self) -> str:
        """What names it."""

    @property
    def key(self) -> str:
        """The architecture's key, as recorded."""

    @property
    def seed(self) -> int | None:
        """Of the training, as recorded; None where that is not known."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """What is recorded, by name; none of it is NaN."""

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """What was recorded of the epochs of the training, one mapping each; may be empty."""

    @property
    def conditions(self) -> Mapping[str, str]:
        """In words, for people: attack, epsilon, images, seeds, recipe."""

    @property
    def usual(self) -> Source:
        """What it is reproduced from unless told otherwise, be that here or not."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it can be reproduced from, here and now.

        Raises:
            InputError: from nothing; the message says why, and what would help.
        """

    @property
    def on_cpu(self) -> bool:
        """Whether it is reproduced on a CPU, where equal computations give equal numbers."""

    def checks(self, source: Source) -> list[Check]:
        """What can be compared at once."""

    def bounds(self, metric: str) -> tuple[float, float]:
        """The least and the greatest that a metric can be."""

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Around a recorded metric, of confidence ``1 - level`` where it is of images; see :func:`reproduce`.

        None where nothing says how far a value measured from this source may be off.
        """

    def resolution(self, metric: str) -> float:
        """By how much two values of a metric differ at least, if they do: one image of an accuracy."""

    def right(self, metric: str) -> str:
        """Which images were right, as :func:`rnas.evaluation.image_flags.pack` writes it; empty where not recorded."""

    def p_value(self, metric: str, outcome: Outcome) -> float | None:
        """Of McNemar's test that the same images are right as often; None where it is not known which were."""

    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """The recorded network, measured again as it is, from ``checkpoint`` or ``table``."""

    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """The network trained anew with each of some seeds, and measured; at least one seed."""
