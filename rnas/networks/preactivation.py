"""Build residual networks whose blocks begin with normalisation and activation (He et al., ECCV 2016).

PreActResNet-50 has bottlenecks and no normalisation at the end. WideResNets of some implementations have convolutions
with a bias; those without are :mod:`rnas.networks.residual`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from rnas.networks._bounds import require_positive, require_stages
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import batch_norm, classifier, convolution, single, strided, total
from rnas.networks.resnet import block_places
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _preactivation as modules
else:
    modules = LazyModule("rnas.networks.modules._preactivation")

_EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclass(frozen=True)
class PreActivationResNet:
    """Describe a 3x3 convolution and stages of pre-activated blocks; every stage except the first halves the map.

    Attributes:
        block: two 3x3 convolutions, or 1x1, 3x3 and 1x1 with four times the channels at the end.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage.
        stem_channels: channels of the first convolution.
        bias: whether the convolutions have a bias.
        raw_shortcut: whether the shortcuts read the input of a block itself, not the activated one.
        final_normalization: whether normalisation and ReLU follow the last block.

    Raises:
        InputError: the stages do not have as many values of each, or a number is below 1.
    """

    kind: ClassVar[str] = "pre-activation-resnet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    block: Literal["basic", "bottleneck"] = "bottleneck"
    depths: tuple[int, ...] = (3, 4, 6, 3)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    stem_channels: int = 64
    bias: bool = False
    raw_shortcut: bool = False
    final_normalization: bool = False

    def __post_init__(self) -> None:
        require_stages("pre-activation ResNet", self.depths, channels=self.channels)
        require_positive("pre-activation ResNet", "stem_channels", self.stem_channels)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; it runs on images of any size."""
        return modules.PreActivationNetwork(
            input_shape[0],
            num_classes,
            depths=self.depths,
            channels=self.channels,
            expansion=_EXPANSION[self.block],
            stem=self.stem_channels,
            bias=self.bias,
            raw_shortcut=self.raw_shortcut,
            final_normalization=self.final_normalization,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        size = input_shape[1:]
        costs = [convolution(input_shape[0], self.stem_channels, 3, size, bias=self.bias)]
        for place in block_places(self.depths, self.channels, _EXPANSION[self.block], stem=self.stem_channels):
            entered, size = size, strided(size, place.stride)
            for number, (inputs, outputs, kernel, _) in enumerate(place.convolutions):
                # A bottleneck's first convolution runs before the stride.
                output = entered if place.expansion > 1 and number == 0 else size
                costs += [batch_norm(inputs), convolution(inputs, outputs, kernel, output, bias=self.bias)]
            if place.projected:
                costs.append(convolution(place.inputs, place.outputs, 1, size, bias=self.bias))
        outputs = place.outputs
        if self.final_normalization:
            costs.append(batch_norm(outputs))
        return single(total([*costs, classifier(outputs, num_classes)]))
