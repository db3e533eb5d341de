"""Define the operations on the edges of a cell: their modules and their costs.

The set is that of DARTS (Liu et al., ICLR 2019) with the two of NASNet and AmoebaNet. All operations keep the number of
channels; with stride 2 they halve a map with even sides. An operation is one entry of ``OPERATIONS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rnas.errors import InputError
from rnas.networks.cost import Costs
from rnas.networks.counting import FREE, Size, batch_norm, convolution, strided
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _cell_operations as modules
else:
    modules = LazyModule("rnas.networks.modules._cell_operations")


def relu_conv_bn_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`ReLUConvBN` on a map of this size."""
    return convolution(inputs, outputs, 1, size) + batch_norm(outputs, affine=affine)


def factorized_reduce_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`FactorizedReduce` on a map of this size before it is halved."""
    half = convolution(inputs, outputs // 2, 1, strided(size, 2))
    return half * 2 + batch_norm(outputs, affine=affine)


def identity_cost(channels: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :func:`identity` on an input of this size."""
    return FREE if stride == 1 else factorized_reduce_cost(channels, channels, size, affine)


def separable_conv_cost(channels: int, kernel: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`SeparableConv` on an input of this size."""
    return _depthwise_separable_cost(channels, kernel, strided(size, stride), affine) * 2


def _depthwise_separable_cost(channels: int, kernel: int, output: Size, affine: bool) -> Costs:
    depthwise = convolution(channels, channels, kernel, output, groups=channels)
    return depthwise + convolution(channels, channels, 1, output) + batch_norm(channels, affine=affine)


def _seven_by_seven_cost(channels: int, stride: int, size: Size) -> Costs:
    height, width = strided(size, stride)
    # There are seven weights for each pair of channels, as in a 1x1 convolution on seven times the channels.
    rows = convolution(7 * channels, channels, 1, (size[0], width))
    columns = convolution(7 * channels, channels, 1, (height, width))
    return rows + columns + batch_norm(channels)


@dataclass(frozen=True)
class Operation:
    """Describe an operation of a cell.

    Attributes:
        build: (channels, stride) to the module; a class, a function or a ``functools.partial`` of one of them.
        cost: (channels, stride, size of the input map) to its cost.
    """

    module: str
    cost: Callable[[int, int, Size], Costs]
    kernel: int | None = None

    @property
    def build(self) -> "modules.OperationConstructor":
        """Return what makes the module from (channels, stride): a class, a function or a ``functools.partial``."""
        made: Callable[..., nn.Module] = getattr(modules, self.module)
        return made if self.kernel is None else partial(made, kernel=self.kernel)


def _separable(kernel: int) -> Operation:
    return Operation(
        "SeparableConv",
        cost=lambda channels, stride, size: separable_conv_cost(channels, kernel, stride, size),
        kernel=kernel,
    )


def _dilated(kernel: int) -> Operation:
    return Operation(
        "DilatedConv",
        cost=lambda channels, stride, size: _depthwise_separable_cost(channels, kernel, strided(size, stride), True),
        kernel=kernel,
    )


def _free(module: str) -> Operation:
    return Operation(module, cost=lambda _channels, _stride, _size: FREE)


OPERATIONS: Mapping[str, Operation] = {
    "max_pool_3x3": _free("max_pool"),
    "avg_pool_3x3": _free("avg_pool"),
    "skip_connect": Operation("identity", identity_cost),
    "sep_conv_3x3": _separable(3),
    "sep_conv_5x5": _separable(5),
    "dil_conv_3x3": _dilated(3),
    "dil_conv_5x5": _dilated(5),
    "sep_conv_7x7": _separable(7),
    "conv_7x1_1x7": Operation("SevenBySeven", _seven_by_seven_cost),
    "none": _free("zero"),
}


def find_operation(name: str) -> Operation:
    """Return the operation of this name; raise InputError with the known names if no operation has it."""
    if name not in OPERATIONS:
        raise InputError(f"unknown operation {name!r} in a cell; known: {', '.join(OPERATIONS)}")
    return OPERATIONS[name]
