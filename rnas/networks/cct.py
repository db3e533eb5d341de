"""Build compact convolutional transformers, CCT (Hassani et al., 2021), for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.networks._bounds import require_divisible, require_positive, require_sizes
from rnas.networks._token_cost import encoder_layer
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import classifier, convolution, layer_norm, linear, single, strided, total
from rnas.networks.layer_cost import parameters, products
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _cct as modules
else:
    modules = LazyModule("rnas.networks.modules._cct")


@dataclass(frozen=True)
class CompactTransformer:
    """Describe layers of attention on the positions of a map that a 3x3 convolution and pooling make.

    Attributes:
        width: channels of a token.
        depth: number of layers.
        heads: number of heads, which share the channels.
        hidden: channels between the two linear layers of a layer.

    Raises:
        InputError: a number is below 1, or the heads cannot share the channels.
    """

    kind: ClassVar[str] = "cct"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    width: int = 256
    depth: int = 7
    heads: int = 4
    hidden: int = 512

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "hidden"):
            require_positive("CCT", name, getattr(self, name))
        require_sizes("CCT", self.depth, [self.width])
        require_divisible("CCT", self.width, self.heads)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network for images of this shape."""
        height, width = strided(input_shape[1:], 2)
        return modules.CompactNetwork(
            input_shape[0],
            num_classes,
            tokens=height * width,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            hidden=self.hidden,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs."""
        width, size = self.width, strided(input_shape[1:], 2)
        tokens = size[0] * size[1]
        entry = convolution(input_shape[0], width, 3, input_shape[1:]) + parameters(tokens * width)
        layers = encoder_layer(tokens, width, width, self.hidden) * self.depth
        read = linear(width, 1, tokens) + products(tokens * width) + layer_norm(width)
        return single(total([entry, layers, read, classifier(width, num_classes)]))
