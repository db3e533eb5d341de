"""Params and FLOPs of single layers in closed form, and their sum."""

from collections.abc import Iterable

from rnas.cost import Cost

Size = tuple[int, int]
"""(height, width) of a feature map."""

FREE = Cost(0, 0)


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of some costs."""
    params = flops = 0
    for cost in costs:
        params += cost.params
        flops += cost.flops
    return Cost(params, flops)


def strided(size: Size, stride: int) -> Size:
    """Output size of a convolution or pooling of odd kernel k, padding k // 2 and this stride."""
    return -(-size[0] // stride), -(-size[1] // stride)


def convolution(inputs: int, outputs: int, kernel: Size, output: Size, *, groups: int = 1, bias: bool = False) -> Cost:
    """A convolution of ``inputs`` to ``outputs`` channels whose output map has the size ``output``."""
    weights = outputs * (inputs // groups) * kernel[0] * kernel[1]
    return Cost(weights + (outputs if bias else 0), weights * output[0] * output[1])


def batch_norm(channels: int, *, affine: bool = True) -> Cost:
    """A batch normalisation: scale and shift are its params; the papers' #F leaves it out."""
    return Cost(2 * channels if affine else 0, 0)


def linear(inputs: int, outputs: int) -> Cost:
    """A linear layer with bias."""
    return Cost(inputs * outputs + outputs, inputs * outputs)
