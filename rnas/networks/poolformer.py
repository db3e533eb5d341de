"""Build PoolFormer (Yu et al., CVPR 2022) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.networks._bounds import require_positive, require_stages
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import classifier, convolution, layer_norm, single, strided, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _poolformer as modules
else:
    modules = LazyModule("rnas.networks.modules._poolformer")


@dataclass(frozen=True)
class PoolFormer:
    """Describe stages of blocks that mix positions by average pooling, and channels by 1x1 convolutions.

    Attributes:
        patch: stride of the first 3x3 convolution; those of the other stages halve the map.
        depths: number of blocks of each stage.
        channels: channels of each stage.
        expansion: channels between the 1x1 convolutions of a block, in multiples of the stage's.

    Raises:
        InputError: the stages do not have as many values of each, or a number is below 1.
    """

    kind: ClassVar[str] = "poolformer"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    patch: int = 4
    depths: tuple[int, ...] = (2, 2, 6, 2)
    channels: tuple[int, ...] = (64, 128, 320, 512)
    expansion: int = 4

    def __post_init__(self) -> None:
        require_stages("PoolFormer", self.depths, channels=self.channels)
        require_positive("PoolFormer", "patch", self.patch)
        require_positive("PoolFormer", "expansion", self.expansion)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; it runs on images of any size."""
        return modules.PoolFormerNetwork(
            input_shape[0],
            num_classes,
            patch=self.patch,
            depths=self.depths,
            channels=self.channels,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        inputs, size, stride, costs = input_shape[0], input_shape[1:], self.patch, []
        for depth, outputs in zip(self.depths, self.channels, strict=True):
            size, hidden = strided(size, stride), self.expansion * outputs
            costs.append(convolution(inputs, outputs, 3, size, bias=True))
            fed = convolution(outputs, hidden, 1, size, bias=True) + convolution(hidden, outputs, 1, size, bias=True)
            costs.append((fed + layer_norm(outputs) * 2 + parameters(2 * outputs)) * depth)
            inputs, stride = outputs, 2
        return single(total([*costs, layer_norm(inputs), classifier(inputs, num_classes)]))
