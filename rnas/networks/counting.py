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


def convolution(
    inputs: int, outputs: int, kernel_size: int, output: Size, groups: int = 1, *, bias: bool = False
) -> Costs:
    """Return the cost of a square convolution whose output map has the size ``output``."""
    weights = layer_cost.convolution(inputs, outputs, kernel_size, output[0] * output[1], groups)
    return weights + layer_cost.parameters(outputs if bias else 0)


def batch_norm(channels: int, *, affine: bool = True) -> Costs:
    """Return the cost of batch normalisation: params are scale and shift; the papers' #F does not include it."""
    return layer_cost.parameters(2 * channels if affine else 0)


def layer_norm(channels: int) -> Costs:
    """Return the cost of a normalisation with one scale and one shift a channel; the papers' #F does not include it."""
    return layer_cost.parameters(2 * channels)


def linear(inputs: int, outputs: int, tokens: int = 1, *, bias: bool = True) -> Costs:
    """Return the cost of a linear layer that is applied to each of some tokens."""
    return layer_cost.token_linear(inputs, outputs, tokens) + layer_cost.parameters(outputs if bias else 0)


def attention(queries: int, keys: int, width: int, value_width: int | None = None) -> Costs:
    """Return the cost of the two products of attention: of queries with keys, and of their weights with the values.

    Args:
        queries: number of tokens that ask.
        keys: number of tokens that are asked.
        width: channels of queries and keys, of all heads together.
        value_width: channels of the values, of all heads together; None is as many.
    """
    return layer_cost.products(queries * keys * (width + (width if value_width is None else value_width)))


def classifier(inputs: int, num_classes: int) -> Costs:
    """Return the cost of a linear layer with bias."""
    return layer_cost.linear(inputs, num_classes) + layer_cost.parameters(num_classes)
