"""Build Swin transformers (Liu et al., ICCV 2021) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_positive, require_stages
from rnas.networks._token_cost import feed_forward
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import Size, attention, classifier, layer_norm, linear, single, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _swin as modules
else:
    modules = LazyModule("rnas.networks.modules._swin")


@dataclass(frozen=True)
class Swin:
    """Describe stages of attention in windows; every second block of a stage has windows shifted by half of one.

    Attributes:
        depths: number of blocks of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage.
        merges: side of the squares of positions that become one at the start of each stage.
        head_width: channels of a head.
        window: side of a window.
        expansion: channels of the feed-forward parts in multiples of the stage's.

    Raises:
        InputError: the stages do not have as many values of each, or a number is below 1.
    """

    kind: ClassVar[str] = "swin"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    depths: tuple[int, ...] = (2, 2, 6, 2)
    channels: tuple[int, ...] = (96, 192, 384, 768)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    merges: tuple[int, ...] = (2, 1, 2, 2)
    head_width: int = 32
    window: int = 4
    expansion: int = 4

    def __post_init__(self) -> None:
        require_stages("Swin", self.depths, channels=self.channels, heads=self.heads, merges=self.merges)
        for name in ("head_width", "window", "expansion"):
            require_positive("Swin", name, getattr(self, name))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the maps do not consist of whole windows."""
        return modules.SwinNetwork(
            input_shape[0],
            num_classes,
            depths=self.depths,
            channels=self.channels,
            heads=self.heads,
            merges=self.merges,
            grids=tuple((size[0] // self.window, size[1] // self.window) for size in self._sizes(input_shape)),
            head_width=self.head_width,
            window=self.window,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the maps do not consist of whole windows."""
        inputs, costs = input_shape[0], []
        stages = zip(self.depths, self.channels, self.heads, self.merges, self._sizes(input_shape), strict=True)
        for depth, width, heads, merge, size in stages:
            positions, inner, keys = size[0] * size[1], heads * self.head_width, self.window**2
            costs.append(linear(merge**2 * inputs, width, positions))
            mixed = linear(width, 3 * inner, positions, bias=False) + attention(positions, keys, inner)
            mixed += linear(inner, width, positions) + parameters((2 * self.window - 1) ** 2)
            fed = feed_forward(positions, width, self.expansion * width, width)
            costs.append((mixed + fed + layer_norm(width) * 2) * depth)
            inputs = width
        return single(total([*costs, layer_norm(inputs), classifier(inputs, num_classes)]))

    def _sizes(self, input_shape: Shape) -> list[Size]:
        """Return the size of the map of each stage."""
        size, sizes = input_shape[1:], []
        for stage, merge in enumerate(self.merges, 1):
            merged = size[0] // merge, size[1] // merge
            if (merged[0] * merge, merged[1] * merge) != size or merged[0] % self.window or merged[1] % self.window:
                raise InputError(
                    f"Swin: stage {stage} has no whole number of {self.window}x{self.window} windows at images of "
                    f"{input_shape[1]}x{input_shape[2]}: give smaller merges, another window or larger images"
                )
            size = merged
            sizes.append(size)
        return sizes
