"""The contract of a diagnostic, and what it is given."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor, nn

from rnas.errors import DivergedError
from rnas.networks.architecture import Architecture, Shape


@dataclass(frozen=True, eq=False)
class DiagnosticContext:
    """A trained network, images and attacked images.

    Attributes:
        model: from images (n, C, H, W) in [0, 1] to logits (n, num_classes); any mode.
        architecture: what it was built from.
        images: (n, C, H, W) in [0, 1], n at least 1, of the model's dtype and on its device.
        adversarial: (n, C, H, W), the images as an attack on this model left them.
        labels: (n,) int64.
        ids: (n,) int64; an image's noise is a function of (seed, id).
        epsilon: l-infinity radius of the ball in which a diagnostic may look for changes of its own.
        seed: of a diagnostic's noise.
        num_classes: number of logits.
        input_shape: (C, H, W) of one image.
        batch_size: images at a time; changes nothing but memory and rounding.
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


@runtime_checkable
class Diagnostic(Protocol):
    """A frozen dataclass; an instance of it is registered under ``rnas.diagnostics``.

    Attributes:
        metrics: what it gives: least and greatest possible value by name, infinite where there is none.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]]

    def covers(self, architecture: Architecture) -> bool:
        """Whether it is defined for networks of this architecture."""

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """A finite value for each of its metrics.

        The model, its mode, the tensors and the global generators are left as found.

        Raises:
            InputError: it is not defined for this architecture, or for these images.
            DivergedError: a value is no finite number, since the network's are not.
        """


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics as they are; DivergedError names the first that is not a finite number."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise DivergedError(f"{name} is {value}: the network's values are not finite numbers")
    return dict(metrics)
