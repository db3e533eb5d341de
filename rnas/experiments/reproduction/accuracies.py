"""Claims that are accuracies over the same images, whatever they were recorded by."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from rnas.experiments.reproduction.judgement import image_interval
from rnas.experiments.reproduction.recorded_result import Source
from rnas.statistics.interval import Interval


class Accuracies(ABC):
    """How far metrics may be off that are all shares of the same images."""

    @property
    @abstractmethod
    def metrics(self) -> Mapping[str, float]:
        """Accuracies by name, in [0, 1]."""

    @property
    @abstractmethod
    def images(self) -> int:
        """That each of them is over."""

    def bounds(self, metric: str) -> tuple[float, float]:
        """See :meth:`rnas.experiments.reproduction.recorded_result.RecordedResult.bounds`."""
        return 0.0, 1.0

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Return an interval over images, whatever the source."""
        return image_interval(self.metrics[metric], self.images, level=level)

    def resolution(self, metric: str) -> float:
        """One image."""
        return 1 / self.images
