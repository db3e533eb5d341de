"""Compute exact params and FLOPs of many residual networks at once, without building them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnas._typing import Integers
from rnas.networks import layer_cost
from rnas.networks.architecture import Shape
from rnas.networks.block import BlockColumns, Place
from rnas.networks.cost import Costs

STEM_KERNEL = 3


@dataclass(frozen=True)
class ResidualColumns:
    """Hold many residual networks with the same number of stages, with one field per column.

    Attributes:
        depths: number of blocks of each stage (n, stages).
        channels: planes of each stage (n, stages).
        blocks: for each stage the networks' blocks.
        stem_width: channels of the stem (n,).
        head_activation: parameters of the head's activation (n,), for networks with a pre-activated last stage.
    """

    depths: Integers
    channels: Integers
    blocks: Sequence[BlockColumns]
    stem_width: Integers
    head_activation: Integers

    def as_floats(self) -> "ResidualColumns":
        """Return the columns in which costs that exceed 64 bits lose digits instead of their sign."""
        floats: Any = {name: getattr(self, name).astype(np.float64) for name in ("depths", "channels", "stem_width")}
        return replace(self, **floats)


def stage_strides(stages: int) -> tuple[int, ...]:
    """Return the strides: the first stage keeps the resolution, each later one halves it."""
    return (1,) + (2,) * (stages - 1)


def stage_sizes(input_shape: Shape, upsample: int, stages: int) -> list[tuple[int, int]]:
    """Return (height, width) of the input maps of the first stage, and of the output maps of each stage."""
    size = input_shape[1] * upsample, input_shape[2] * upsample
    sizes = [size]
    for stride in stage_strides(stages):
        size = -(-size[0] // stride), -(-size[1] // stride)
        sizes.append(size)
    return sizes


def residual_costs(networks: ResidualColumns, input_shape: Shape, upsample: int, num_classes: int) -> Costs:
    """Return costs (n,) of residual networks whose images are enlarged ``upsample`` times before the stem."""
    stages = networks.depths.shape[1]
    positions = [height * width for height, width in stage_sizes(input_shape, upsample, stages)]
    first, last = networks.blocks[0], networks.blocks[-1]
    channels = networks.stem_width
    cost = layer_cost.convolution(input_shape[0], channels, STEM_KERNEL, positions[0])
    cost = cost + layer_cost.parameters(~first.pre * (first.normalization * channels + first.activation))
    for stage, stride in enumerate(stage_strides(stages)):
        planes, depths = networks.channels[:, stage], networks.depths[:, stage]
        place = Place(channels, planes, stride, positions[stage], positions[stage + 1])
        stage_cost, channels = _stage_costs(networks.blocks[stage], depths, place)
        cost = cost + stage_cost
    cost = cost + layer_cost.parameters(last.pre * (last.normalization * channels + networks.head_activation))
    return cost + layer_cost.linear(channels, num_classes) + layer_cost.parameters(num_classes)


def stage_outputs(blocks: BlockColumns, planes: Integers) -> Integers:
    """Return the output channels (n,) of a stage with these planes."""
    widened = np.stack([np.asarray(kind.out_channels(planes)) for kind in blocks.types])
    outputs: Integers = np.take_along_axis(widened, blocks.topology[None], axis=0)[0]
    return outputs


def _stage_costs(blocks: BlockColumns, depths: Integers, place: Place) -> tuple[Costs, Integers]:
    """Return the costs of one stage, whose first block is at ``place``, and its output channels."""
    outputs = stage_outputs(blocks, place.planes)
    params, flops = np.empty_like(outputs), np.empty_like(outputs)
    for index, kind in enumerate(blocks.types):
        rows = np.flatnonzero(blocks.topology == index)
        # In a small batch of networks, few of them have any one block.
        if len(rows) == 0:
            continue
        these, planes = blocks[rows], place.planes[rows]
        first = Place(place.in_channels[rows], planes, place.stride, place.in_positions, place.positions)
        later = Place(outputs[rows], planes, 1, place.positions, place.positions)
        cost = kind.cost(these, first) + kind.cost(these, later) * (depths[rows] - 1)
        params[rows], flops[rows] = cost.params, cost.flops
    return Costs(params, flops), outputs
