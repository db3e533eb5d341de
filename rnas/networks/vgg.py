"""Build VGG with batch normalisation for small images (Simonyan & Zisserman, ICLR 2015).

VGG-11-R is the reconfiguration of VGG-11 by Huang et al. (NeurIPS 2021), with a narrower last stage.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import batch_norm, classifier, convolution, single, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _vgg as modules
else:
    modules = LazyModule("rnas.networks.modules._vgg")


@dataclass(frozen=True)
class VGG:
    """Describe a plain stack of 3x3 convolutions with bias, each followed by batch normalisation and ReLU.

    Attributes:
        stages: channels of the convolutions of each stage; a 2x2 maximum pooling ends a stage.

    Raises:
        InputError: there is no stage, a stage has no convolution, or channels are below 1.
    """

    kind: ClassVar[str] = "vgg"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    stages: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512), (512, 512))

    def __post_init__(self) -> None:
        if not self.stages or any(not stage or min(stage) < 1 for stage in self.stages):
            raise InputError(
                f"VGG stages are {shown(self.stages)}; each names the channels of at least one convolution"
            )
        channels = [outputs for stage in self.stages for outputs in stage]
        require_sizes("VGG", len(channels), channels)

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its channels, at least one."""
        *others, last = self.stages
        return replace(self, stages=(*others, tuple(max(1, round(channels * share)) for channels in last)))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images are too small to be halved by every stage."""
        self._check(input_shape)
        return modules.VGGNetwork(input_shape[0], num_classes, self.stages)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images are too small to be halved by every stage."""
        self._check(input_shape)
        costs = []
        inputs, size = input_shape[0], input_shape[1:]
        for stage in self.stages:
            for outputs in stage:
                costs += [convolution(inputs, outputs, 3, size), parameters(outputs), batch_norm(outputs)]
                inputs = outputs
            size = size[0] // 2, size[1] // 2
        return single(total([*costs, classifier(inputs, num_classes)]))

    def _check(self, input_shape: Shape) -> None:
        least = 2 ** len(self.stages)
        if min(input_shape[1:]) < least:
            raise InputError(
                f"VGG with {len(self.stages)} stages cannot halve {input_shape[1]}x{input_shape[2]} images that often: "
                f"give sides of at least {least}, or fewer stages"
            )
