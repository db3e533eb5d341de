"""Build CvT (Wu et al., ICCV 2021) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.networks._bounds import require_positive, require_stages
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import (
    Size,
    attention,
    batch_norm,
    classifier,
    convolution,
    layer_norm,
    single,
    strided,
    total,
)
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _cvt as modules
else:
    modules = LazyModule("rnas.networks.modules._cvt")


@dataclass(frozen=True)
class CvT:
    """Describe stages of attention whose queries, keys and values are made by convolutions.

    Attributes:
        patch: stride of the first 3x3 convolution; those of the other stages halve the map.
        depths: number of blocks of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage.
        head_width: channels of a head.
        expansion: channels of the feed-forward parts in multiples of the stage's.

    Raises:
        InputError: the stages do not have as many values of each, or a number is below 1.
    """

    kind: ClassVar[str] = "cvt"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    patch: int = 4
    depths: tuple[int, ...] = (1, 2, 10)
    channels: tuple[int, ...] = (64, 192, 384)
    heads: tuple[int, ...] = (1, 3, 6)
    head_width: int = 64
    expansion: int = 4

    def __post_init__(self) -> None:
        require_stages("CvT", self.depths, channels=self.channels, heads=self.heads)
        for name in ("patch", "head_width", "expansion"):
            require_positive("CvT", name, getattr(self, name))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; it runs on images of any size."""
        return modules.CvTNetwork(
            input_shape[0],
            num_classes,
            patch=self.patch,
            depths=self.depths,
            channels=self.channels,
            heads=self.heads,
            head_width=self.head_width,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        inputs, size, stride, costs = input_shape[0], input_shape[1:], self.patch, []
        for depth, width, heads in zip(self.depths, self.channels, self.heads, strict=True):
            size = strided(size, stride)
            costs += [convolution(inputs, width, 3, size, bias=True), layer_norm(width)]
            costs.append(self._block(width, heads * self.head_width, size) * depth)
            inputs, stride = width, 2
        return single(total([*costs, classifier(inputs, num_classes)]))

    def _block(self, width: int, inner: int, size: Size) -> Costs:
        half, hidden = strided(size, 2), self.expansion * width
        projected = [
            convolution(width, width, 3, map_size, width) + batch_norm(width) + convolution(width, outputs, 1, map_size)
            for map_size, outputs in ((size, inner), (half, 2 * inner))
        ]
        mixed = attention(size[0] * size[1], half[0] * half[1], inner) + convolution(inner, width, 1, size, bias=True)
        fed = convolution(width, hidden, 1, size, bias=True) + convolution(hidden, width, 1, size, bias=True)
        return total([*projected, mixed, fed, layer_norm(width) * 2])
