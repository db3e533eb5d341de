"""Build networks whose stages are convolutions or attention: CoAtNet (Dai et al., NeurIPS 2021) and all between.

The defaults are CoAtNet-0 for small images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.networks._bounds import require_positive, require_stages
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Shape
from rnas.networks.conv_attention_cost import ConvAttentionColumns, conv_attention_costs, stem_kernel
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, strided
from rnas.networks.normalization import NORMALIZATIONS
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _conv_attention as modules
else:
    modules = LazyModule("rnas.networks.modules._conv_attention")

CONVOLUTION, ATTENTION = "C", "T"
POOLED_NORMALIZATIONS = tuple(name for name in NORMALIZATIONS if name != "instance")
_PER_STAGE = ("strides", "heads", "expansions", "kernels")
_WHERE = "conv-attention network"


@dataclass(frozen=True)
class ConvAttention:
    """Describe a convolutional stem and stages of inverted bottlenecks or of attention.

    Strides, heads, expansions and kernels are one value for all stages, or one for each.

    Attributes:
        layout: a letter for each stage, C for convolutions and T for attention.
        depths: number of blocks of each stage.
        channels: channels of the maps of each stage.
        stem_channels: channels of the stem.
        patch: stride of the stem, whose first convolution has kernel 3, or 2 patch - 1 if that is larger.
        strides: stride of the first block of each stage, 1 or 2.
        heads: heads of a block of attention.
        head_width: channels of a head.
        expansions: channels inside a block in multiples of its input's.
        kernels: side of the depthwise convolutions, odd; a stage of attention does not use it.
        positions: how attention knows positions: by a learned bias for each distance (``relative``), by a depthwise
            convolution after a stage's first block (``conditional``), or not at all (``none``).
        readout: ``mean`` of the last map, or a mean with learned weights (``sequence``).
        activation: activation everywhere.
        normalization: normalisation of the stem and the stages of convolutions; attention has layer normalisation.

    Raises:
        InputError: a value is out of range, or the stages do not have as many of each.
    """

    kind: ClassVar[str] = "conv-attention"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    layout: str = "CCTT"
    depths: tuple[int, ...] = (2, 3, 5, 2)
    channels: tuple[int, ...] = (96, 192, 384, 768)
    stem_channels: int = 64
    patch: int = 2
    strides: tuple[int, ...] = (2,)
    heads: tuple[int, ...] = (8,)
    head_width: int = 32
    expansions: tuple[int, ...] = (4,)
    kernels: tuple[int, ...] = (3,)
    positions: Literal["relative", "conditional", "none"] = "relative"
    readout: Literal["mean", "sequence"] = "mean"
    activation: str = "gelu"
    normalization: str = "batch"

    def __post_init__(self) -> None:
        if not self.layout or set(self.layout) - {CONVOLUTION, ATTENTION}:
            raise InputError(f"{_WHERE}: layout is {shown(self.layout)}; write C or T for each stage, such as CCTT")
        if len(self.layout) != len(self.depths):
            raise InputError(f"{_WHERE}: layout {self.layout} for {len(self.depths)} depths; write one letter for each")
        require_stages(_WHERE, self.depths, channels=self.channels, **{n: self.of_stages(n) for n in _PER_STAGE})
        for name in ("stem_channels", "patch", "head_width"):
            require_positive(_WHERE, name, getattr(self, name))
        if max(self.strides) > 2:
            raise InputError(f"{_WHERE}: strides are {shown(self.strides)}; each is 1 or 2")
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise InputError(f"{_WHERE}: kernels are {shown(self.kernels)}; each is odd")
        for name, known in (("activation", tuple(ACTIVATIONS)), ("normalization", POOLED_NORMALIZATIONS)):
            if getattr(self, name) not in known:
                raise InputError(f"{_WHERE}: {name} is {getattr(self, name)!r}; write one of {', '.join(known)}")
        for name in _PER_STAGE:
            if len(set(getattr(self, name))) == 1:
                object.__setattr__(self, name, getattr(self, name)[:1])

    def of_stages(self, name: str) -> tuple[int, ...]:
        """Return the values of a field for each stage."""
        values: tuple[int, ...] = getattr(self, name)
        return values * len(self.depths) if len(values) == 1 else values

    def sizes(self, input_shape: Shape) -> list[Size]:
        """Return (H, W) of the maps of each stage."""
        size, sizes = strided(input_shape[1:], self.patch), []
        for stride in self.of_stages("strides"):
            size = strided(size, stride)
            sizes.append(size)
        return sizes

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network for images of this shape."""
        activation, normalization = ACTIVATIONS[self.activation].make, NORMALIZATIONS[self.normalization].make
        values = (self.of_stages(name) for name in ("heads", "expansions", "kernels"))
        stages: list[Any] = []
        for letter, size, heads, expansion, kernel in zip(self.layout, self.sizes(input_shape), *values, strict=True):
            common = {"expansion": expansion, "activation": activation}
            if letter == CONVOLUTION:
                block: Any = partial(modules.ConvolutionBlock, kernel=kernel, normalization=normalization, **common)
            else:
                own: dict[str, Any] = {"heads": heads, "head_width": self.head_width, "positions": self.positions}
                block = partial(modules.AttentionBlock, size=size, **own, **common)
            stages.append(block)
        return modules.ConvAttentionNetwork(
            input_shape[0],
            num_classes,
            stem=(self.stem_channels, int(stem_kernel(self.patch)), self.patch),
            stages=tuple(stages),
            depths=self.depths,
            channels=self.channels,
            strides=self.of_stages("strides"),
            activation=activation,
            normalization=normalization,
            sequence=self.readout == "sequence",
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        costs = costs_of([self], input_shape, num_classes)
        return Cost(int(costs.params[0]), int(costs.flops[0]))


def costs_of(networks: Sequence[ConvAttention], input_shape: Shape, num_classes: int) -> Costs:
    """Return the exact costs (n,) of n >= 1 networks with as many stages each."""

    def column(values: Sequence[Any]) -> Integers:
        return np.array(values, dtype=np.int64)

    def staged(name: str) -> Integers:
        return column([network.of_stages(name) for network in networks])

    columns = ConvAttentionColumns(
        attends=column([[letter == ATTENTION for letter in network.layout] for network in networks]),
        depths=staged("depths"),
        channels=staged("channels"),
        heads=staged("heads"),
        expansions=staged("expansions"),
        kernels=staged("kernels"),
        strides=staged("strides"),
        stem_channels=column([network.stem_channels for network in networks]),
        patch=column([network.patch for network in networks]),
        head_width=column([network.head_width for network in networks]),
        relative=column([network.positions == "relative" for network in networks]),
        conditional=column([network.positions == "conditional" for network in networks]),
        sequence=column([network.readout == "sequence" for network in networks]),
        activation=column([ACTIVATIONS[network.activation].params for network in networks]),
    )
    return conv_attention_costs(columns, input_shape, num_classes)
