"""Build ResNet for small images (He et al., CVPR 2016): ResNet-18 and ResNet-50 as the CIFAR baselines build them.

ResNeXt (Xie et al., CVPR 2017) has grouped convolutions, and BoTNet (Srinivas et al., CVPR 2021) attention in the
blocks of the last stage instead of 3x3 convolutions.

They have the activation after the convolution, a 3x3 stem and four stages. Pre-activation networks are in another
module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_divisible, require_positive, require_sizes
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, attention, batch_norm, classifier, convolution, single, strided, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _resnet as modules
else:
    modules = LazyModule("rnas.networks.modules._resnet")


@dataclass(frozen=True)
class ResNet:
    """Describe a stem and stages of residual blocks; every stage except the first halves the map.

    Attributes:
        block: two 3x3 convolutions, or 1x1, 3x3 and 1x1 with four times the channels at the end.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage.
        expansion: channels at the end of a bottleneck, in multiples of those of its 3x3 convolution.
        groups: groups of the 3x3 convolution of a bottleneck.
        stem_channels: channels of the stem; None are those of the first stage.
        stem_kernel: side of the stem's convolution, odd.
        attention_heads: heads of the attention that replaces the 3x3 convolutions of the last stage; 0 is none.
        shortcut_bias: whether the convolutions of shortcuts have a bias.

    Raises:
        InputError: there is no stage, a stage has no channels, a number is below 1, groups or heads cannot share the
            channels, or a block of two convolutions has what only a bottleneck can have.
    """

    kind: ClassVar[str] = "resnet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    block: Literal["basic", "bottleneck"] = "basic"
    depths: tuple[int, ...] = (2, 2, 2, 2)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    expansion: int = 4
    groups: int = 1
    stem_channels: int | None = None
    stem_kernel: int = 3
    attention_heads: int = 0
    shortcut_bias: bool = False

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.channels):
            raise InputError(f"ResNet has {len(self.depths)} depths and {len(self.channels)} channels; give as many")
        if not self.depths or min(*self.depths, *self.channels) < 1:
            raise InputError(
                f"ResNet depths {shown(self.depths)}, channels {shown(self.channels)}: "
                "at least one stage, every number at least 1"
            )
        require_sizes("ResNet", sum(self.depths), self.channels)
        for name in ("expansion", "groups", "stem_kernel"):
            require_positive("ResNet", name, getattr(self, name))
        require_positive("ResNet", "stem_channels", self.stem_width)
        require_positive("ResNet", "attention_heads", self.attention_heads + 1)
        if self.stem_kernel % 2 == 0:
            raise InputError(f"ResNet: stem_kernel is {self.stem_kernel}; give an odd number")
        if self.block == "basic" and (self.groups, self.expansion, self.attention_heads) != (1, 4, 0):
            raise InputError("ResNet: only bottlenecks have groups, an expansion and attention; give block bottleneck")
        if any(channels % self.groups for channels in self.channels):
            raise InputError(f"ResNet: {self.groups} groups cannot share channels {shown(self.channels)}")
        if self.attention_heads:
            require_divisible("ResNet", self.channels[-1], self.attention_heads)

    @property
    def stem_width(self) -> int:
        """Return the channels of the stem."""
        return self.channels[0] if self.stem_channels is None else self.stem_channels

    def _places(self) -> "list[BlockPlace]":
        expansion = self.expansion if self.block == "bottleneck" else 1
        return block_places(
            self.depths,
            self.channels,
            expansion,
            groups=self.groups,
            stem=self.stem_width,
            heads=self.attention_heads,
            shortcut_bias=self.shortcut_bias,
        )

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its channels, at least one."""
        return replace(self, channels=(*self.channels[:-1], max(1, round(self.channels[-1] * share))))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; without attention it runs on images of any size."""
        return modules.ResNetwork(
            input_shape[0],
            num_classes,
            self.depths,
            self.channels,
            self.expansion if self.block == "bottleneck" else 1,
            groups=self.groups,
            stem=self.stem_width,
            stem_kernel=self.stem_kernel,
            heads=self.attention_heads,
            shortcut_bias=self.shortcut_bias,
            size=self._last_size(input_shape),
        )

    def _last_size(self, input_shape: Shape) -> Size:
        """Return the size of the map that enters the last stage; without attention it is of no use."""
        size = input_shape[1:]
        for _ in range(max(0, len(self.depths) - 2) if self.attention_heads else 0):
            size = strided(size, 2)
        return size if self.attention_heads else (1, 1)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        size = input_shape[1:]
        stem = self.stem_width
        costs = [convolution(input_shape[0], stem, self.stem_kernel, size), batch_norm(stem)]
        for place in self._places():
            costs.append(_block_cost(place, size))
            size = strided(size, place.stride)
        return single(total([*costs, classifier(place.outputs, num_classes)]))


@dataclass(frozen=True)
class BlockPlace:
    """Hold a block's stage from 0, input channels, channels of its 3x3 convolutions, expansion and stride.

    Attributes:
        groups: groups of the 3x3 convolution of a bottleneck.
        heads: heads of the attention that replaces it; 0 is none.
        shortcut_bias: whether the shortcut's convolution has a bias.
    """

    stage: int
    inputs: int
    channels: int
    expansion: int
    stride: int
    groups: int = 1
    heads: int = 0
    shortcut_bias: bool = False

    @property
    def outputs(self) -> int:
        """Return the channels of its output."""
        return self.channels * self.expansion

    @property
    def projected(self) -> bool:
        """Return whether the shortcut is a convolution."""
        return self.stride != 1 or self.inputs != self.outputs

    @property
    def convolutions(self) -> list[tuple[int, int, int, int]]:
        """Return (inputs, outputs, kernel, stride) of the convolutions of the main branch."""
        if self.expansion == 1:
            return [(self.inputs, self.channels, 3, self.stride), (self.channels, self.channels, 3, 1)]
        return [
            (self.inputs, self.channels, 1, 1),
            (self.channels, self.channels, 3, self.stride),
            (self.channels, self.outputs, 1, 1),
        ]


def block_places(
    depths: Sequence[int],
    channels: Sequence[int],
    expansion: int,
    *,
    groups: int = 1,
    stem: int | None = None,
    heads: int = 0,
    shortcut_bias: bool = False,
) -> list[BlockPlace]:
    """Return every block in order, for stages of these depths and channels; heads are those of the last stage."""
    places = []
    inputs = channels[0] if stem is None else stem
    for stage, (depth, width) in enumerate(zip(depths, channels, strict=True)):
        for block in range(depth):
            stride, own = 2 if stage > 0 and block == 0 else 1, heads if stage == len(depths) - 1 else 0
            place = BlockPlace(stage, inputs, width, expansion, stride, groups, own, shortcut_bias)
            places.append(place)
            inputs = place.outputs
    return places


def _block_cost(place: BlockPlace, size: Size) -> Costs:
    """Return the cost of a block on an input map of this size."""
    costs = []
    output = size
    for inputs, outputs, kernel, stride in place.convolutions:
        entered, output = output, strided(output, stride)
        if place.heads and kernel == 3:
            positions = entered[0] * entered[1]
            # The positions are compared with the queries as the keys are.
            costs += [convolution(inputs, outputs, 1, entered, bias=True) * 3, batch_norm(outputs)]
            costs.append(parameters(outputs * sum(entered)) + attention(positions, positions, 2 * outputs, outputs))
            continue
        groups = place.groups if kernel == 3 else 1
        costs += [convolution(inputs, outputs, kernel, output, groups), batch_norm(outputs)]
    if place.projected:
        shortcut = convolution(place.inputs, place.outputs, 1, output, bias=place.shortcut_bias)
        costs += [shortcut, batch_norm(place.outputs)]
    return total(costs)
