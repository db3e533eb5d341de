"""Compute sizes of feature maps, and sums of the costs of layers."""

from collections.abc import Iterable

from rnas.networks import layer_cost
from rnas.networks.cost import Cost, Costs

Size = tuple[int, int]
"""(height, width) of a feature map."""

FREE = layer_cost.parameters(0)


def strided(size: Size, stride: int) -> Size:
    """Return the output size of a convolution or pooling with odd kernel k, padding k // 2 and this stride."""
    return -(-size[0] // stride), -(-size[1] // stride)


def total(costs: Iterable[Costs]) -> Costs:
    """Return the sum of some costs; without any it is 0."""
    return sum(costs, FREE)


def single(costs: Costs) -> Cost:
    """Convert costs of one network to a cost of plain integers."""
    return Cost(int(costs.params), int(costs.flops))


def convolution(inputs: int, outputs: int, kernel_size: int, output: Size, groups: int = 1) -> Costs:
    """Return the cost of a square convolution without bias whose output map has the size ``output``."""
    return layer_cost.convolution(inputs, outputs, kernel_size, output[0] * output[1], groups)


def batch_norm(channels: int, *, affine: bool = True) -> Costs:
    """Return the cost of batch normalisation: params are scale and shift; the papers' #F does not include it."""
    return layer_cost.parameters(2 * channels if affine else 0)


def classifier(inputs: int, num_classes: int) -> Costs:
    """Return the cost of a linear layer with bias."""
    return layer_cost.linear(inputs, num_classes) + layer_cost.parameters(num_classes)
