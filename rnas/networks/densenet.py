"""Build DenseNet for small images (Huang et al., CVPR 2017), with a given width of every transition.

DN-121-R is the reconfiguration of DenseNet-121 by Huang et al. (NeurIPS 2021): the last stage starts narrower.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution, single, total
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _densenet as modules
else:
    modules = LazyModule("rnas.networks.modules._densenet")


@dataclass(frozen=True)
class DenseNet:
    """Describe stages of densely connected bottleneck layers, separated by a 1x1 convolution and 2x2 average pooling.

    Attributes:
        depths: number of layers of each stage.
        channels: channels at the start of each stage: of the stem, then of each transition.
        growth: channels that a layer adds.

    Raises:
        InputError: there is no stage, a stage has no channels, or a number is below 1.
    """

    kind: ClassVar[str] = "densenet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    depths: tuple[int, ...] = (6, 12, 24, 16)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    growth: int = 32

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.channels):
            raise InputError(f"DenseNet has {len(self.depths)} depths and {len(self.channels)} channels; give as many")
        if not self.depths or min(*self.depths, *self.channels, self.growth) < 1:
            raise InputError(
                f"DenseNet depths {shown(self.depths)}, channels {shown(self.channels)}, growth {self.growth}: "
                "at least one stage, every number at least 1"
            )
        require_sizes("DenseNet", sum(self.depths), [*self.channels, self.growth])

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage begins with this share of its channels, at least one."""
        return replace(self, channels=(*self.channels[:-1], max(1, round(self.channels[-1] * share))))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images are too small for its poolings."""
        self._check(input_shape)
        return modules.DenseNetwork(input_shape[0], num_classes, self.depths, self.channels, self.growth)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images are too small for its poolings."""
        self._check(input_shape)
        size = input_shape[1:]
        costs = [convolution(input_shape[0], self.channels[0], 3, size)]
        for stage, (depth, channels) in enumerate(zip(self.depths, self.channels, strict=True)):
            costs += [_layer_cost(channels + layer * self.growth, self.growth, size) for layer in range(depth)]
            end = channels + depth * self.growth
            costs.append(batch_norm(end))
            if stage + 1 < len(self.depths):
                costs.append(convolution(end, self.channels[stage + 1], 1, size))
                size = size[0] // 2, size[1] // 2
        return single(total([*costs, classifier(end, num_classes)]))

    def _check(self, input_shape: Shape) -> None:
        least = 2 ** (len(self.depths) - 1)
        if min(input_shape[1:]) < least:
            raise InputError(
                f"DenseNet with {len(self.depths)} stages cannot halve {input_shape[1]}x{input_shape[2]} images "
                f"that often: give sides of at least {least}, or fewer stages"
            )


def _layer_cost(inputs: int, growth: int, size: Size) -> Costs:
    narrow = batch_norm(inputs) + convolution(inputs, 4 * growth, 1, size)
    return narrow + batch_norm(4 * growth) + convolution(4 * growth, growth, 3, size)
