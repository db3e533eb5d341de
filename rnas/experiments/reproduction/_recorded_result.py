"""Define a recorded result: its metrics, and how they are measured again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.experiments.reproduction._check import Check
from rnas.experiments.reproduction.judgement import image_interval
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Status
from rnas.nas.execution._local import Device, slots
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


@dataclass(frozen=True)
class RecordedResult(ABC):
    """Describe what was recorded of one network. Unless a subclass says otherwise, its metrics are accuracies.

    Attributes:
        words: text that names it.
        device: what to reproduce it on; None is that of the record, see :func:`own_device`.
    """

    words: str
    device: Device | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def key(self) -> str:
        """Return the recorded key of the architecture."""

    @property
    @abstractmethod
    def seed(self) -> int | None:
        """Return the recorded seed of the training; None if it is not known."""

    @property
    @abstractmethod
    def metrics(self) -> Mapping[str, float]:
        """Return the recorded metrics by name; none of them is NaN."""

    @abstractmethod
    def images(self, metric: str) -> int:
        """Return the number of images that a metric is a mean over; 0 if it is not such a mean."""

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """Return what was recorded of each epoch of the training, one mapping an epoch; it may be empty."""
        return ()

    @property
    @abstractmethod
    def conditions(self) -> Mapping[str, str]:
        """Return attack, epsilon, images, seeds and recipe in words."""

    @property
    def usual(self) -> Source:
        """Return the source from which it is reproduced by default, whether that is available here or not."""
        return "checkpoint"

    @property
    @abstractmethod
    def sources(self) -> tuple[Source, ...]:
        """Return the sources from which it can be reproduced here and now.

        Raises:
            InputError: there is no source; the message says why, and what would help.
        """

    @property
    def on_cpu(self) -> bool:
        """Return whether it is reproduced on a CPU, where equal computations give equal numbers."""
        return self._place == "cpu"

    @abstractmethod
    def checks(self, source: Source) -> list[Check]:
        """Check what can be compared at once."""

    def bounds(self, metric: str) -> tuple[float, float]:
        """Return the least and the greatest possible value of a metric."""
        return 0.0, 1.0

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Return an interval around a recorded metric, of confidence ``1 - level`` if it is of images; see
        :func:`reproduce`.

        None where nothing says how far a value measured from this source may be off.
        """
        return image_interval(self.metrics[metric], self.images(metric), *self.bounds(metric), level=level)

    def resolution(self, metric: str) -> float:
        """Return the least difference of two unequal values of a metric, such as one image of an accuracy."""
        return 1 / self.images(metric)

    def right(self, metric: str) -> str:
        """Return which images were right, as :func:`rnas.evaluation._image_flags.pack` writes it; empty if not
        recorded.
        """
        return ""

    def p_value(self, metric: str, outcome: Outcome) -> float | None:
        """Return the p-value of McNemar's test that equally many images are right; None if the images are not known."""
        return None

    @abstractmethod
    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """Measure the recorded network again, from ``checkpoint`` or ``table``."""

    @abstractmethod
    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """Train the network again with each of some seeds, at least one, and measure it."""

    @property
    @abstractmethod
    def _own_device(self) -> Device:
        """Return the kind of device of the record."""

    @cached_property
    def _place(self) -> str:
        """Return the torch device to reproduce it on."""
        return slots(1, self.device or self._own_device)[0]


def own_device(recorded: Any, otherwise: Device = "auto") -> Device:
    """Return the kind of device of a record, because another kind gives other last digits.

    Args:
        recorded: what the record says, as :func:`rnas.utils.device_name` names it. Whatever is no CPU was a
            GPU, which is used if there is one.
        otherwise: device to use if the record has none.
    """
    if not isinstance(recorded, str) or not recorded:
        return otherwise
    return "cpu" if recorded.startswith("cpu") else "auto"


def attempted(seed: int | None, measure: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of a measurement; if an error ended it, return an outcome that names the error.

    Args:
        seed: seed of the measured training; None if it is not known.
        measure: measures.

    Raises:
        InputError: the measurement raised it, as it may an error of the machine, such as a full disk.
    """
    try:
        return measure()
    except Exception as error:
        if isinstance(error, InputError) or guard.of_the_machine(error):
            raise
        status, reason = guard.classified(error)
        return Outcome(seed, {}, status=status, reason=reason)
