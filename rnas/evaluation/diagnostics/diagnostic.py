"""Define the contract of a diagnostic, and its inputs."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from torch import Tensor, nn

from rnas.errors import DivergedError
from rnas.networks.architecture import Architecture, Shape


@dataclass(frozen=True, eq=False)
class DiagnosticContext:
    """Hold a trained network, images and adversarial images.

    Attributes:
        model: network from images (n, C, H, W) in [0, 1] to logits (n, num_classes); any mode.
        architecture: architecture of the model.
        images: (n, C, H, W) in [0, 1], n at least 1, in the model's dtype and on its device.
        adversarial: (n, C, H, W), the images after an attack on this model.
        labels: (n,) int64.
        ids: (n,) int64; the noise of an image is a function of (seed, id).
        epsilon: l-infinity radius of the ball in which a diagnostic may search.
        seed: seed of a diagnostic's noise.
        num_classes: number of logits.
        input_shape: (C, H, W) of one image.
        batch_size: images per batch; it affects only memory and rounding.
    """

    model: nn.Module
    architecture: Architecture
    images: Tensor
    adversarial: Tensor
    labels: Tensor
    ids: Tensor
    epsilon: Fraction
    seed: int
    num_classes: int
    input_shape: Shape
    batch_size: int = 100


class Diagnostic(ABC):
    """Explain the robustness of a network. A diagnostic is a frozen dataclass, registered under ``rnas.diagnostics``.

    Attributes:
        metrics: least and greatest possible value of each result by name, infinite without a bound.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]]

    def covers(self, architecture: Architecture) -> bool:
        """Return whether the diagnostic is defined for networks of this architecture; by default it is for all."""
        return True

    @abstractmethod
    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return a finite value for each of its metrics.

        The call leaves the model, its mode, the tensors and the global random generators unchanged.

        Raises:
            InputError: it is not defined for this architecture, or for these images.
            DivergedError: a value is not finite, because values of the network are not.
        """


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics unchanged; raise DivergedError with the name of the first that is not finite."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise DivergedError(f"{name} is {value}: the network's values are not finite numbers")
    return dict(metrics)
