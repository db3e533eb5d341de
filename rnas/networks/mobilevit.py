"""Build MobileViT (Mehta, Rastegari, ICLR 2022) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_positive, require_sizes
from rnas.networks._token_cost import feed_forward
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import (
    Size,
    attention,
    batch_norm,
    convolution,
    layer_norm,
    linear,
    single,
    strided,
    total,
)
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _mobilevit as modules
else:
    modules = LazyModule("rnas.networks.modules._mobilevit")

_COUNTS = {"channels": 6, "strides": 5, "widths": 3, "depths": 3, "expansions": 3}


@dataclass(frozen=True)
class MobileViT:
    """Describe inverted residuals in five stages, of which the last three end with attention.

    Attributes:
        channels: channels of the stem and of the five stages.
        strides: strides of the stem and of the stages but the first, which keeps the map.
        widths: channels of a token in the last three stages.
        depths: layers of attention of the last three stages.
        expansions: channels of their feed-forward parts in multiples of the tokens'.
        heads: number of heads.
        head_width: channels of a head.
        expansion: channels inside an inverted residual, and of the last map, in multiples of their input's.

    Raises:
        InputError: there are not as many values of a field as it needs, or a number is below 1.
    """

    kind: ClassVar[str] = "mobilevit"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    channels: tuple[int, ...] = (16, 32, 64, 96, 128, 160)
    strides: tuple[int, ...] = (1, 2, 2, 2, 2)
    widths: tuple[int, ...] = (144, 192, 240)
    depths: tuple[int, ...] = (2, 4, 3)
    expansions: tuple[int, ...] = (2, 4, 4)
    heads: int = 4
    head_width: int = 8
    expansion: int = 4

    def __post_init__(self) -> None:
        for name, count in _COUNTS.items():
            values: tuple[int, ...] = getattr(self, name)
            if len(values) != count:
                raise InputError(f"MobileViT: {name} are {shown(values)}; give {count} numbers")
            for value in values:
                require_positive("MobileViT", name, value)
        for name in ("heads", "head_width", "expansion"):
            require_positive("MobileViT", name, getattr(self, name))
        require_sizes("MobileViT", sum(self.depths), (*self.channels, *self.widths))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if a map with attention does not consist of 2x2 patches."""
        self._sizes(input_shape)
        return modules.MobileViTNetwork(
            input_shape[0],
            num_classes,
            channels=self.channels,
            strides=self.strides,
            widths=self.widths,
            depths=self.depths,
            hidden=tuple(width * factor for width, factor in zip(self.widths, self.expansions, strict=True)),
            heads=self.heads,
            head_width=self.head_width,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if a map with attention does not consist of 2x2 patches."""
        sizes = self._sizes(input_shape)
        stem, first, second, *attending = self.channels
        costs = [convolution(input_shape[0], stem, 3, sizes[0]), batch_norm(stem)]
        costs.append(self._inverted(stem, first, sizes[0], sizes[0]))
        costs.append(self._inverted(first, second, sizes[0], sizes[1]))
        costs.append(self._inverted(second, second, sizes[1], sizes[1]) * 2)
        inputs = second
        for number, outputs in enumerate(attending):
            size = sizes[2 + number]
            costs.append(self._inverted(inputs, outputs, sizes[1 + number], size))
            costs.append(self._attention(outputs, number, size))
            inputs = outputs
        last = self.expansion * inputs
        costs += [convolution(inputs, last, 1, sizes[-1]), batch_norm(last)]
        return single(total([*costs, linear(last, num_classes, bias=False)]))

    def _inverted(self, inputs: int, outputs: int, size: Size, output: Size) -> Costs:
        hidden = self.expansion * inputs
        widened = convolution(inputs, hidden, 1, size) + convolution(hidden, hidden, 3, output, hidden)
        return widened + convolution(hidden, outputs, 1, output) + batch_norm(hidden) * 2 + batch_norm(outputs)

    def _attention(self, channels: int, number: int, size: Size) -> Costs:
        width, positions = self.widths[number], size[0] * size[1]
        inner = self.heads * self.head_width
        mixed = linear(width, 3 * inner, positions, bias=False) + attention(positions, positions // 4, inner)
        mixed += linear(inner, width, positions) + layer_norm(width) * 2
        layer = mixed + feed_forward(positions, width, self.expansions[number] * width, width)
        entered = convolution(channels, channels, 3, size) + convolution(channels, width, 1, size)
        left = convolution(width, channels, 1, size) + convolution(2 * channels, channels, 3, size)
        return entered + left + batch_norm(channels) * 3 + batch_norm(width) + layer * self.depths[number]

    def _sizes(self, input_shape: Shape) -> list[Size]:
        """Return the size of the maps after each stride."""
        size, sizes = input_shape[1:], []
        for stride in self.strides:
            size = strided(size, stride)
            sizes.append(size)
        for size in sizes[2:]:
            if size[0] % 2 or size[1] % 2:
                raise InputError(
                    f"MobileViT: a map of {size[0]}x{size[1]} has no whole number of 2x2 patches at images of "
                    f"{input_shape[1]}x{input_shape[2]}: give smaller strides or larger images"
                )
        return sizes
