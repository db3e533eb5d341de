"""Costs that types of residual blocks have in common."""

import numpy as np

from rnas.networks import layer_cost
from rnas.networks.block import BlockColumns, Place
from rnas.networks.cost import Costs
from rnas.networks.layer_cost import Count
from rnas.networks.squeeze_excitation import CONV3X3, IDENTITY, NONE, PLACEMENTS, RESIDUAL, hidden_units


def surroundings_cost(
    blocks: BlockColumns,
    place: Place,
    middle_channels: layer_cost.Count,
    out_channels: layer_cost.Count,
    connected: bool,
) -> Costs:
    """Return the costs (n,) of everything in :class:`ResidualBlock` except the branch, with the outer normalisation.

    The outer normalisation is ``bn1`` on the input's channels with pre-activation, and the last one on the output's
    channels with post-activation.
    """
    reshapes = np.asarray(place.stride != 1) | (place.in_channels != out_channels)
    placement = blocks.squeeze_excitation
    none, identity, inner, residual = (
        placement == PLACEMENTS.index(name) for name in (NONE, IDENTITY, CONV3X3, RESIDUAL)
    )
    normalized = np.where(blocks.pre, place.in_channels, out_channels) + residual * out_channels
    hidden = hidden_units(np.where(identity, place.in_channels, out_channels), blocks.reduction)
    gated = np.where(identity, place.in_channels, np.where(inner, middle_channels, out_channels))
    cost = layer_cost.linear(2 * gated * ~none, hidden) + layer_cost.parameters(blocks.activation)
    if connected:
        shortcut = layer_cost.convolution(place.in_channels, out_channels, 1, place.positions)
        cost = cost + shortcut * reshapes
        normalized = normalized + (reshapes & ~blocks.pre) * out_channels
    return cost + layer_cost.parameters(blocks.normalization * normalized)


def three_convolution_cost(
    blocks: BlockColumns,
    place: Place,
    width: Count,
    out_channels: Count,
    *,
    scales: Count = 1,
    cardinality: Count = 1,
) -> Costs:
    """Return the costs (n,) of a :class:`ThreeConvolutionBlock` with these arguments."""
    middle = width * scales
    convolutions = scales - (scales > 1)
    return (
        layer_cost.convolution(place.in_channels, middle, 1, place.in_positions)
        + layer_cost.convolution(width, width, blocks.kernel_size, place.positions, cardinality) * convolutions
        + layer_cost.convolution(middle, out_channels, 1, place.positions)
        + layer_cost.parameters(blocks.normalization * (middle + width * convolutions))
        + surroundings_cost(blocks, place, middle, out_channels, connected=True)
    )
