"""Build ResNet for small images (He et al., CVPR 2016): ResNet-18 and ResNet-50 as the CIFAR baselines build them.

They have the activation after the convolution, a 3x3 stem and four stages. Pre-activation networks are in another
module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution, single, strided, total
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _resnet as modules
else:
    modules = LazyModule("rnas.networks.modules._resnet")

_EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclass(frozen=True)
class ResNet:
    """Describe a stem and stages of residual blocks; every stage except the first halves the map.

    Attributes:
        block: two 3x3 convolutions, or 1x1, 3x3 and 1x1 with four times the channels at the end.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage; the stem has those of the first stage.

    Raises:
        InputError: there is no stage, a stage has no channels, or a number is below 1.
    """

    kind: ClassVar[str] = "resnet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    block: Literal["basic", "bottleneck"] = "basic"
    depths: tuple[int, ...] = (2, 2, 2, 2)
    channels: tuple[int, ...] = (64, 128, 256, 512)

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.channels):
            raise InputError(f"ResNet has {len(self.depths)} depths and {len(self.channels)} channels; give as many")
        if not self.depths or min(*self.depths, *self.channels) < 1:
            raise InputError(
                f"ResNet depths {shown(self.depths)}, channels {shown(self.channels)}: "
                "at least one stage, every number at least 1"
            )
        require_sizes("ResNet", sum(self.depths), self.channels)

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its channels, at least one."""
        return replace(self, channels=(*self.channels[:-1], max(1, round(self.channels[-1] * share))))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; it runs on images of any size."""
        return modules.ResNetwork(input_shape[0], num_classes, self.depths, self.channels, _EXPANSION[self.block])

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        size = input_shape[1:]
        costs = [convolution(input_shape[0], self.channels[0], 3, size), batch_norm(self.channels[0])]
        for place in block_places(self.depths, self.channels, _EXPANSION[self.block]):
            costs.append(_block_cost(place, size))
            size = strided(size, place.stride)
        return single(total([*costs, classifier(place.outputs, num_classes)]))


@dataclass(frozen=True)
class BlockPlace:
    """Hold a block's stage from 0, input channels, channels of its 3x3 convolutions, expansion and stride."""

    stage: int
    inputs: int
    channels: int
    expansion: int
    stride: int

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


def block_places(depths: Sequence[int], channels: Sequence[int], expansion: int) -> list[BlockPlace]:
    """Return every block in order, for stages of these depths and channels."""
    places = []
    inputs = channels[0]
    for stage, (depth, width) in enumerate(zip(depths, channels, strict=True)):
        for block in range(depth):
            place = BlockPlace(stage, inputs, width, expansion, stride=2 if stage > 0 and block == 0 else 1)
            places.append(place)
            inputs = place.outputs
    return places


def _block_cost(place: BlockPlace, size: Size) -> Costs:
    """Return the cost of a block on an input map of this size."""
    costs = []
    output = size
    for inputs, outputs, kernel, stride in place.convolutions:
        output = strided(output, stride)
        costs += [convolution(inputs, outputs, kernel, output), batch_norm(outputs)]
    if place.projected:
        costs += [convolution(place.inputs, place.outputs, 1, output), batch_norm(place.outputs)]
    return total(costs)
