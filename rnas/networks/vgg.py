"""VGG with batch normalisation for small images (Simonyan & Zisserman, ICLR 2015).

VGG-11-R is the reconfiguration of VGG-11 by Huang et al. (NeurIPS 2021), with a narrower last stage.
"""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import batch_norm, classifier, convolution, single, total
from rnas.networks.layer_cost import parameters


@dataclass(frozen=True)
class VGG:
    """A plain stack of 3x3 convolutions with bias, each followed by batch normalisation and ReLU.

    Attributes:
        stages: channels of the convolutions of each stage; a 2x2 maximum pooling ends a stage.

    Raises:
        InputError: no stage, a stage without a convolution, or channels below 1.
    """

    kind: ClassVar[str] = "vgg"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    stages: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512), (512, 512))

    def __post_init__(self) -> None:
        if not self.stages or any(not stage or min(stage) < 1 for stage in self.stages):
            raise InputError(f"VGG stages are {self.stages}; each names the channels of at least one convolution")

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        """The network; InputError where the images are too small to be halved by every stage."""
        self._check(input_shape)
        layers: list[nn.Module] = []
        inputs = input_shape[0]
        for stage in self.stages:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        # The published network ends here on a 1x1 map; the average admits larger images.
        layers.append(nn.AdaptiveAvgPool2d(1))
        return VGGNetwork(nn.Sequential(*layers), nn.Linear(inputs, num_classes))

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Exact params and FLOPs; InputError where the images are too small to be halved by every stage."""
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


class VGGNetwork(nn.Module):
    """Convolutional features and one linear layer."""

    def __init__(self, features: nn.Sequential, classifier: nn.Linear) -> None:
        super().__init__()
        self.features = features
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits
