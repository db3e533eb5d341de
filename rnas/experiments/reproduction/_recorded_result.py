"""Define a recorded result: its metrics, and how they are measured again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rnas.experiment import Listener
from rnas.experiments.reproduction._check import Check
from rnas.nas.evaluators.evaluator import Status
from rnas.statistics.interval import Interval

Source = Literal["checkpoint", "scratch", "table"]
"""Source of a reproduction: the stored weights, a new training, or the row that the result was read from."""


@dataclass(frozen=True)
class Outcome:
    """Hold what the network of a result was measured at now.

    Attributes:
        seed: seed of its training; None if it is not known.
        metrics: values by the names in the record; empty if it failed.
        curve: learning curve of a new training, one mapping an epoch.
        right: by metric which images were right, as :func:`rnas.evaluation._image_flags.pack` writes them; empty where
            the record does not hold that.
        status: status of its end.
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
        """Return status and reason of an outcome that is not complete, with its seed; empty for a complete one."""
        if self.status is Status.COMPLETE:
            return ""
        seed = "" if self.seed is None else f"seed {self.seed}: "
        return f"{seed}{self.status}: {self.reason}"


class RecordedResult(Protocol):
    """Describe what was recorded of one network."""

    @property
    def words(self) -> str:
        """Return the text that names it."""

    @property
    def key(self) -> str:
        """Return the recorded key of the architecture."""

    @property
    def seed(self) -> int | None:
        """Return the recorded seed of the training; None if it is not known."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the recorded metrics by name; none of them is NaN."""

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """Return what was recorded of each epoch of the training, one mapping an epoch; it may be empty."""

    @property
    def conditions(self) -> Mapping[str, str]:
        """Return attack, epsilon, images, seeds and recipe in words."""

    @property
    def usual(self) -> Source:
        """Return the source from which it is reproduced by default, whether that is available here or not."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the sources from which it can be reproduced here and now.

        Raises:
            InputError: there is no source; the message says why, and what would help.
        """

    @property
    def on_cpu(self) -> bool:
        """Return whether it is reproduced on a CPU, where equal computations give equal numbers."""

    def checks(self, source: Source) -> list[Check]:
        """Check what can be compared at once."""

    def bounds(self, metric: str) -> tuple[float, float]:
        """Return the least and the greatest possible value of a metric."""

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Return an interval around a recorded metric, of confidence ``1 - level`` if it is of images; see
        :func:`reproduce`.

        None where nothing says how far a value measured from this source may be off.
        """

    def resolution(self, metric: str) -> float:
        """Return the least difference of two unequal values of a metric, such as one image of an accuracy."""

    def right(self, metric: str) -> str:
        """Return which images were right, as :func:`rnas.evaluation._image_flags.pack` writes it; empty if not
        recorded.
        """

    def p_value(self, metric: str, outcome: Outcome) -> float | None:
        """Return the p-value of McNemar's test that equally many images are right; None if the images are not known."""

    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """Measure the recorded network again, from ``checkpoint`` or ``table``."""

    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """Train the network again with each of some seeds, at least one, and measure it."""
