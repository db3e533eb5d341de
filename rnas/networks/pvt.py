"""Build PVTv2 with linear spatial reduction (Wang et al., Computational Visual Media 2022) for small images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.networks._bounds import require_divisible, require_positive, require_stages
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import (
    Size,
    attention,
    classifier,
    convolution,
    layer_norm,
    linear,
    single,
    strided,
    total,
)
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _pvt as modules
else:
    modules = LazyModule("rnas.networks.modules._pvt")

_KEYS = 7 * 7


@dataclass(frozen=True)
class PyramidVisionTransformer:
    """Describe stages of attention whose keys and values come from the map averaged to 7x7 positions.

    A convolution makes the tokens of each stage: a 7x7 one of stride ``patch`` in the first stage, and a 3x3 one that
    halves the map in the others. The feed-forward parts have a depthwise 3x3 convolution.

    Attributes:
        patch: stride of the first convolution.
        depths: number of blocks of each stage.
        channels: channels of the tokens of each stage.
        heads: number of heads of each stage, which share its channels.
        expansions: channels between the linear layers of a feed-forward part, in multiples of the stage's.

    Raises:
        InputError: the stages do not have as many values of each, a number is below 1, or heads cannot share channels.
    """

    kind: ClassVar[str] = "pvt"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    patch: int = 4
    depths: tuple[int, ...] = (2, 2, 2, 2)
    channels: tuple[int, ...] = (64, 128, 320, 512)
    heads: tuple[int, ...] = (1, 2, 5, 8)
    expansions: tuple[int, ...] = (8, 8, 4, 4)

    def __post_init__(self) -> None:
        require_positive("PVT", "patch", self.patch)
        require_stages("PVT", self.depths, channels=self.channels, heads=self.heads, expansions=self.expansions)
        for channels, heads in zip(self.channels, self.heads, strict=True):
            require_divisible("PVT", channels, heads)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network for images of this shape."""
        stages = list(self._stages(input_shape))
        return modules.PyramidNetwork(
            input_shape[0],
            num_classes,
            depths=self.depths,
            channels=self.channels,
            heads=self.heads,
            hidden=tuple(n * channels for n, channels in zip(self.expansions, self.channels, strict=True)),
            kernels=tuple(kernel for kernel, _, _ in stages),
            strides=tuple(stride for _, stride, _ in stages),
            sizes=tuple(size for _, _, size in stages),
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        costs = []
        inputs = input_shape[0]
        for stage, (kernel, _, size) in enumerate(self._stages(input_shape)):
            width = self.channels[stage]
            costs += [convolution(inputs, width, kernel, size, bias=True), layer_norm(width) * 2]
            costs.append(_block_cost(width, self.expansions[stage] * width, size) * self.depths[stage])
            inputs = width
        return single(total([*costs, classifier(inputs, num_classes)]))

    def _stages(self, input_shape: Shape) -> Iterator[tuple[int, int, Size]]:
        """Yield kernel and stride of each stage's first convolution, and the size of its map."""
        size = input_shape[1:]
        for stage in range(len(self.depths)):
            kernel, stride = (3, 2) if stage else (7, self.patch)
            size = strided(size, stride)
            yield kernel, stride, size


def _block_cost(width: int, hidden: int, size: Size) -> Costs:
    tokens = size[0] * size[1]
    reduced = convolution(width, width, 1, (7, 7), bias=True) + layer_norm(width) + linear(width, 2 * width, _KEYS)
    mixed = linear(width, width, tokens) * 2 + reduced + attention(tokens, _KEYS, width)
    fed = linear(width, hidden, tokens) + linear(hidden, width, tokens)
    return mixed + fed + convolution(hidden, hidden, 3, size, hidden, bias=True) + layer_norm(width) * 2
