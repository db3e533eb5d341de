"""Compare accuracies over the same images, whatever recorded them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from rnas.experiments.reproduction._recorded_result import Source
from rnas.experiments.reproduction.judgement import image_interval
from rnas.statistics.interval import Interval


class Accuracies(ABC):
    """Give tolerances of metrics that are all shares of the same images."""

    @property
    @abstractmethod
    def metrics(self) -> Mapping[str, float]:
        """Return the accuracies by name, in [0, 1]."""

    @property
    @abstractmethod
    def images(self) -> int:
        """Return the number of images of each accuracy."""

    def bounds(self, metric: str) -> tuple[float, float]:
        """Return the bounds of a metric, which is an accuracy: 0 and 1."""
        return 0.0, 1.0

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Return an interval over images, whatever the source."""
        return image_interval(self.metrics[metric], self.images, level=level)

    def resolution(self, metric: str) -> float:
        """Return the difference of one image."""
        return 1 / self.images
