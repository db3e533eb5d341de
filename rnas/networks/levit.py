"""Build LeViT (Graham et al., ICCV 2021) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_positive, require_stages
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, attention, batch_norm, classifier, convolution, single, strided, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _levit as modules
else:
    modules = LazyModule("rnas.networks.modules._levit")


@dataclass(frozen=True)
class LeViT:
    """Describe a convolutional stem and stages of attention; attention with every second query shrinks the map.

    Attributes:
        stem: channels of the stem's 3x3 convolutions before its last, which has those of the first stage.
        strides: stride of each convolution of the stem.
        depths: pairs of attention and a feed-forward part of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage; attention between two stages has twice those of the first of them.
        key_width: channels of a head's queries and keys.
        value_width: channels of a head's values.
        expansion: channels of the feed-forward parts in multiples of the stage's.

    Raises:
        InputError: the stages do not have as many values of each, the stem has not one stride more than channels, or a
            number is below 1.
    """

    kind: ClassVar[str] = "levit"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    stem: tuple[int, ...] = (32, 64, 128)
    strides: tuple[int, ...] = (2, 2, 1, 1)
    depths: tuple[int, ...] = (6, 6, 6)
    channels: tuple[int, ...] = (64, 128, 256)
    heads: tuple[int, ...] = (4, 6, 8)
    key_width: int = 32
    value_width: int = 64
    expansion: int = 2

    def __post_init__(self) -> None:
        require_stages("LeViT", self.depths, channels=self.channels, heads=self.heads)
        if len(self.strides) != len(self.stem) + 1:
            raise InputError(
                f"LeViT: strides are {shown(self.strides)} for a stem of {shown(self.stem)} channels; give one stride "
                "more than channels"
            )
        for name, values in (("stem", self.stem), ("strides", self.strides)):
            for value in values:
                require_positive("LeViT", name, value)
        for name in ("key_width", "value_width", "expansion"):
            require_positive("LeViT", name, getattr(self, name))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network for images of this shape."""
        return modules.LeViTNetwork(
            input_shape[0],
            num_classes,
            stem=self.stem,
            strides=self.strides,
            depths=self.depths,
            channels=self.channels,
            heads=self.heads,
            sizes=tuple(self._sizes(input_shape)),
            key_width=self.key_width,
            value_width=self.value_width,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        inputs, size, costs = input_shape[0], input_shape[1:], []
        for outputs, stride in zip((*self.stem, self.channels[0]), self.strides, strict=True):
            size = strided(size, stride)
            costs.append(convolution(inputs, outputs, 3, size, bias=True))
            inputs = outputs
        sizes = self._sizes(input_shape)
        for stage, (depth, width, heads) in enumerate(zip(self.depths, self.channels, self.heads, strict=True)):
            size, hidden = sizes[stage], self.expansion * width
            fed = convolution(width, hidden, 1, size, bias=True) + convolution(hidden, width, 1, size, bias=True)
            if stage:
                costs.append(fed + self._attention(inputs, width, 2 * self.heads[stage - 1], sizes[stage - 1], size))
            costs.append((fed + self._attention(width, width, heads, size, size)) * depth)
            inputs = width
        return single(total([*costs, classifier(inputs, num_classes)]))

    def _attention(self, inputs: int, outputs: int, heads: int, size: Size, asking: Size) -> Costs:
        keys, values = heads * self.key_width, heads * self.value_width
        costs = [convolution(inputs, keys, 1, asking), convolution(inputs, keys, 1, size), batch_norm(keys) * 2]
        costs += [convolution(inputs, values, 1, size), batch_norm(values), parameters(size[0] * size[1] * heads)]
        costs.append(attention(asking[0] * asking[1], size[0] * size[1], keys, values))
        return total([*costs, convolution(values, outputs, 1, asking, bias=True), batch_norm(outputs)])

    def _sizes(self, input_shape: Shape) -> list[Size]:
        """Return the size of the map of each stage."""
        size = input_shape[1:]
        for stride in self.strides:
            size = strided(size, stride)
        sizes = [size]
        while len(sizes) < len(self.depths):
            sizes.append(strided(sizes[-1], 2))
        return sizes
