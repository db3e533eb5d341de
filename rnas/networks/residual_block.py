"""Define what residual blocks have in common apart from their branch of convolutions, as a module and as a cost."""

from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from rnas.networks import layer_cost
from rnas.networks.block import BlockColumns, BlockStyle, Place
from rnas.networks.cost import Costs
from rnas.networks.squeeze_excitation import (
    CONV3X3,
    IDENTITY,
    NONE,
    PLACEMENTS,
    RESIDUAL,
    STANDARD,
    SqueezeExcitation,
    hidden_units,
)


class ResidualBlock(nn.Module):
    """Add the results of a branch of convolutions and an identity branch.

    With pre-activation, ``a = activation(bn1(x))`` is the input of the branch and, if the shape changes, of the
    shortcut, which is a 1x1 convolution without normalisation; otherwise the shortcut is ``x``. With post-activation, a
    structure of rnas in the usual form, the branch reads ``x`` and ends with a normalisation, the shortcut is ``x`` or
    a 1x1 convolution with normalisation, and their sum is activated.

    A subclass makes its convolutions and their normalisations, also ``bn1``, and defines ``branch``. All activations of
    a block are one module.

    Args:
        in_channels: channels of the input.
        middle_channels: channels of the spatial convolution's output, the place of a conv3x3 gate.
        out_channels: channels of the output.
        stride: 1 or 2.
        style: style of the block.
        first_input_raw: whether the branch reads ``x`` also with pre-activation.
        shortcut_input_raw: whether the shortcut's convolution does the same.
    """

    connected: ClassVar[bool] = True
    """Whether there is an identity branch."""
    bn1: nn.Module

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        stride: int,
        style: BlockStyle,
        *,
        first_input_raw: bool = False,
        shortcut_input_raw: bool = False,
    ) -> None:
        super().__init__()
        self.pre = style.pre
        self.activation = style.activation()
        reshapes = stride != 1 or in_channels != out_channels
        self.first_input_raw = first_input_raw
        self.shortcut_input_raw = shortcut_input_raw or not reshapes
        self.shortcut = nn.Sequential()
        if reshapes and self.connected:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
            if not self.pre:
                self.shortcut.append(style.normalization(out_channels))
        self.placement = style.squeeze_excitation
        if self.placement != NONE:
            # The number of hidden units depends on the block's output wherever the gate is, except on the identity
            # branch, where it depends on the input: this reproduces the parameters that the paper prints.
            reduced = in_channels if self.placement == IDENTITY else out_channels
            gated = {IDENTITY: in_channels, CONV3X3: middle_channels}.get(self.placement, out_channels)
            self.se = SqueezeExcitation(gated, max(reduced // style.reduction, 1))
        if self.placement == RESIDUAL:
            self.se_bn = style.normalization(out_channels)

    def branch(self, x: Tensor) -> Tensor:
        """Apply the convolutions to the block's input or its activation; the result is (N, out_channels, ...)."""
        raise NotImplementedError

    def gated(self, x: Tensor, placement: str) -> Tensor:
        """Return ``x`` times its gate if this is the place of the gate, else ``x``."""
        return x * self.se(x) if self.placement == placement else x

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        if not self.pre:
            joined: Tensor = self.activation(self._joined(self.branch(x), x))
            return joined
        if self.first_input_raw and self.shortcut_input_raw:
            # bn1 stays, as in the released networks, although nothing would read its output.
            return self._joined(self.branch(x), x)
        activated = self.activation(self.bn1(x))
        branch = self.branch(x if self.first_input_raw else activated)
        return self._joined(branch, x if self.shortcut_input_raw else activated)

    def _joined(self, branch: Tensor, identity: Tensor) -> Tensor:
        out = self.gated(branch, STANDARD)
        if self.connected:
            out = out + self.shortcut(self.gated(identity, IDENTITY))
        if self.placement == RESIDUAL:
            normalized = self.se_bn(branch)
            out = out + normalized * self.se(normalized)
        return out


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
