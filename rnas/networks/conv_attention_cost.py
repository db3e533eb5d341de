"""Compute the cost of networks of convolution and attention stages, for many networks at once."""

from dataclasses import dataclass

import numpy as np

from rnas._typing import Integers
from rnas.networks.architecture import Shape
from rnas.networks.cost import Costs
from rnas.networks.layer_cost import Count, convolution, linear, parameters, products, token_linear

STEM_KERNEL = 3


@dataclass(frozen=True)
class ConvAttentionColumns:
    """Hold sizes of n networks of S stages in int64 arrays.

    Attributes:
        attends: (n, S), 1 for a stage of attention and 0 for one of convolutions.
        depths: (n, S), blocks.
        channels: (n, S), channels of the maps.
        heads: (n, S), heads of attention.
        expansions: (n, S), channels inside a block in multiples of its input's.
        kernels: (n, S), side of the depthwise convolutions.
        strides: (n, S), stride of the first block.
        stem_channels: (n,), channels of the stem.
        patch: (n,), stride of the stem.
        head_width: (n,), channels of a head.
        relative: (n,), 1 where attention has relative positions.
        conditional: (n,), 1 where attention has conditional positions.
        sequence: (n,), 1 where the read-out is a weighted mean.
        activation: (n,), params of one activation.
    """

    attends: Integers
    depths: Integers
    channels: Integers
    heads: Integers
    expansions: Integers
    kernels: Integers
    strides: Integers
    stem_channels: Integers
    patch: Integers
    head_width: Integers
    relative: Integers
    conditional: Integers
    sequence: Integers
    activation: Integers


def stem_kernel(patch: Count) -> Count:
    """Return the side of the stem's first convolution, which overlaps its neighbours for every stride."""
    kernel: Integers = np.maximum(STEM_KERNEL, 2 * np.asarray(patch) - 1)
    return kernel


def conv_attention_costs(columns: ConvAttentionColumns, input_shape: Shape, num_classes: int) -> Costs:
    """Return the exact costs (n,) of the networks for images (C, H, W)."""
    height, width = (-(-side // columns.patch) for side in input_shape[1:])
    stem, activation = columns.stem_channels, parameters(columns.activation)
    costs = convolution(input_shape[0], stem, stem_kernel(columns.patch), height * width)
    costs += convolution(stem, stem, STEM_KERNEL, height * width) + parameters(4 * stem) + activation * 2
    inputs = stem
    for stage in range(columns.depths.shape[1]):
        stride, outputs = columns.strides[:, stage], columns.channels[:, stage]
        height, width = -(-height // stride), -(-width // stride)
        later = columns.depths[:, stage] - 1
        attends = columns.attends[:, stage]
        options = []
        for block in (_convolution_block, _attention_block):
            first = block(columns, stage, inputs, height, width) + convolution(inputs, outputs, 1, height * width)
            options.append(first + block(columns, stage, outputs, height, width) * later)
        positions = convolution(outputs, outputs, STEM_KERNEL, height * width, outputs) + parameters(outputs)
        costs += options[0] * (1 - attends) + (options[1] + positions * columns.conditional) * attends
        inputs = outputs
    read = token_linear(inputs, 1, height * width) + parameters(1) + products(inputs * height * width)
    return costs + read * columns.sequence + linear(inputs, num_classes)


def _convolution_block(
    columns: ConvAttentionColumns, stage: int, inputs: Integers, height: Integers, width: Integers
) -> Costs:
    """Return the cost of an inverted bottleneck with squeeze-and-excitation, without the shortcut."""
    outputs, positions = columns.channels[:, stage], height * width
    hidden, gate = columns.expansions[:, stage] * inputs, np.maximum(inputs // 4, 1)
    widened = convolution(inputs, hidden, 1, positions)
    depthwise = convolution(hidden, hidden, columns.kernels[:, stage], positions, hidden)
    narrowed = convolution(hidden, outputs, 1, positions) + linear(hidden, gate) * 2
    normalizations = parameters(2 * (inputs + 2 * hidden + outputs))
    return widened + depthwise + narrowed + normalizations + parameters(3 * columns.activation)


def _attention_block(
    columns: ConvAttentionColumns, stage: int, inputs: Integers, height: Integers, width: Integers
) -> Costs:
    """Return the cost of attention and a feed-forward part, without the shortcut."""
    outputs, tokens, heads = columns.channels[:, stage], height * width, columns.heads[:, stage]
    inner, hidden = heads * columns.head_width, columns.expansions[:, stage] * inputs
    mixed = token_linear(inputs, 3 * inner, tokens) + products(2 * tokens * tokens * inner)
    mixed += token_linear(inner, outputs, tokens)
    mixed += parameters((2 * height - 1) * (2 * width - 1) * heads * columns.relative)
    fed = token_linear(outputs, hidden, tokens) + token_linear(hidden, outputs, tokens)
    biases = parameters(2 * outputs + hidden + columns.activation)
    return mixed + fed + biases + parameters(2 * (inputs + outputs))
