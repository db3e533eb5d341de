"""An architecture as its author writes it: own classes, functions and constants, and blocks of ours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn as nn
import torch.nn.functional as F

from rnas.networks.cost import Cost
from rnas.networks.modules.blocks import BasicBlock
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.modules.residual_block import BlockStyle

from .own_layers import DEPTH, Scale, halves

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnas.networks.architecture import Shape

# The factor of Scale.
FACTOR = math.sqrt(2)
"""Scales the features."""


class OwnNetwork(nn.Module):
    """A network of the author's own."""

    def __init__(
        self, in_channels: int, *, width: int, block: Callable[[int, int, int], nn.Module], scale: Scale, **names: int
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(block(in_channels if n == 0 else width, width, 1) for n in range(DEPTH)))
        self.scale = scale
        self.head = nn.Linear(width, names["classes"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images to logits."""
        first, last = halves(self.layers(x))
        features = F.gelu(torch.cat([last, first], dim=2)).mean(dim=(2, 3))
        return self.head(features * self.scale.factor * FACTOR)

    def doubled(self) -> OwnNetwork:
        """Refer to the class before it is defined."""
        return self


@dataclass(frozen=True)
class Own:
    """Its description."""

    kind: ClassVar[str] = "own"
    width: int = 4

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        """See :class:`rnas.networks.Architecture`."""
        block = partial(BasicBlock, style=BlockStyle(kernel_size=1))
        return OwnNetwork(input_shape[0], width=self.width, block=block, scale=Scale(0.5), classes=num_classes)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """See :class:`rnas.networks.Architecture`."""
        return measured_cost(self.build(num_classes, input_shape), input_shape)
