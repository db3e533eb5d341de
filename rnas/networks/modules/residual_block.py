"""What residual blocks have in common around their branch of convolutions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from rnas.networks.modules._squeeze_excitation import SqueezeExcitation
from rnas.networks.squeeze_excitation import CONV3X3, IDENTITY, NONE, RESIDUAL, STANDARD

BlockConstructor = Callable[[int, int, int], nn.Module]
"""A function from a block's input channels, its planes and its stride to its module."""


@dataclass(frozen=True)
class BlockStyle:
    """Hold what the blocks of a stage have in common, whatever their convolutions.

    Attributes:
        activation: function that makes an activation.
        normalization: function from a number of channels to a normalisation.
        pre: whether normalisation and activation are before each convolution; otherwise they are after it.
        kernel_size: odd side of the spatial convolutions.
        squeeze_excitation: place of the gate; ``none`` means no gate.
        reduction: divisor of the channels that gives the number of the gate's hidden units, at least one.
    """

    activation: Callable[[], nn.Module] = nn.ReLU
    normalization: Callable[[int], nn.Module] = nn.BatchNorm2d
    pre: bool = True
    kernel_size: int = 3
    squeeze_excitation: str = NONE
    reduction: int = 16


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
