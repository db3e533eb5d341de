"""Networks small enough to be scored by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost

Matrix = tuple[tuple[float, ...], ...]


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@dataclass(frozen=True)
class Chain:
    """Linear layers of given matrices, what ``between`` makes between them, and biases of the first layer."""

    kind: ClassVar[str] = "chain"

    matrices: tuple[Matrix, ...]
    between: Callable[[], nn.Module] = nn.ReLU
    bias: tuple[float, ...] | None = None

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        layers: list[Any] = [nn.Flatten()]
        for number, rows in enumerate(self.matrices):
            matrix = torch.tensor(rows)
            layer = nn.Linear(matrix.shape[1], matrix.shape[0], bias=number == 0 and self.bias is not None)
            with torch.no_grad():
                layer.weight.copy_(matrix)
                if number == 0 and self.bias is not None:
                    layer.bias.copy_(torch.tensor(self.bias))
            layers += [layer, self.between()]
        return nn.Sequential(*layers[:-1])

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        raise NotImplementedError


def scaled(matrix: Matrix, factor: float) -> Matrix:
    """The matrix times a number."""
    return tuple(tuple(factor * value for value in row) for row in matrix)
