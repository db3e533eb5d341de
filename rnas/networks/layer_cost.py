"""Costs of single layers, for many networks at once. All arguments are int64 arrays of one shape, or ints."""

import numpy as np

from rnas.networks.cost import Costs, Integers

Count = Integers | int


def convolution(
    in_channels: Count, out_channels: Count, kernel_size: Count, positions: Count, cardinality: Count = 1
) -> Costs:
    """A square convolution without bias; ``positions`` are those of its output map, height times width."""
    weights: Integers = np.asarray(in_channels // cardinality * out_channels * kernel_size * kernel_size)
    return Costs(weights, weights * positions)


def linear(inputs: Count, outputs: Count) -> Costs:
    """A linear layer without bias, applied once."""
    weights: Integers = np.asarray(inputs * outputs)
    return Costs(weights, weights)


def parameters(count: Count) -> Costs:
    """Parameters that take part in no convolution and no linear layer."""
    none: Integers = np.zeros(np.shape(count), dtype=np.int64)
    return Costs(np.asarray(count), none)
