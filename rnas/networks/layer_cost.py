"""Compute costs of single layers, for many networks at once. All arguments are ints, or int64 arrays of one shape."""

import numpy as np

from rnas._typing import Integers
from rnas.networks.cost import Costs

Count = Integers | int


def convolution(
    in_channels: Count, out_channels: Count, kernel_size: Count, positions: Count, cardinality: Count = 1
) -> Costs:
    """Return the cost of a square convolution without bias; ``positions`` is height times width of its output map."""
    weights: Integers = np.asarray(in_channels // cardinality * out_channels * kernel_size * kernel_size)
    return Costs(weights, weights * positions)


def linear(inputs: Count, outputs: Count) -> Costs:
    """Return the cost of a linear layer without bias that is applied once."""
    weights: Integers = np.asarray(inputs * outputs)
    return Costs(weights, weights)


def token_linear(inputs: Count, outputs: Count, tokens: Count) -> Costs:
    """Return the cost of a linear layer without bias that is applied to each of some tokens."""
    weights: Integers = np.asarray(inputs * outputs)
    return Costs(weights, weights * tokens)


def products(count: Count) -> Costs:
    """Return the cost of multiply-accumulates without params: those of one activation with another in attention."""
    none: Integers = np.zeros(np.shape(count), dtype=np.int64)
    return Costs(none, np.asarray(count))


def parameters(count: Count) -> Costs:
    """Return the cost of parameters that are in no convolution and no linear layer."""
    none: Integers = np.zeros(np.shape(count), dtype=np.int64)
    return Costs(np.asarray(count), none)
