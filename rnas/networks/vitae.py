"""Build ViTAE (Xu et al., NeurIPS 2021) for small images, in the form that a study of generalisation seems to use."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_divisible, require_patches, require_positive, require_sizes
from rnas.networks._token_cost import feed_forward, self_attention
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import batch_norm, classifier, convolution, layer_norm, linear, single, strided, total
from rnas.networks.layer_cost import products
from rnas.utils._lazy import LazyModule
from rnas.utils._text import shown

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _vitae as modules
else:
    modules = LazyModule("rnas.networks.modules._vitae")


@dataclass(frozen=True)
class ViTAE:
    """Describe three reductions by dilated convolutions, and cells of attention and grouped convolutions.

    Attributes:
        pyramid: channels of each of the four convolutions of the first reduction.
        channels: channels after each reduction: an even number, a multiple of 3, and a multiple of 4.
        depth: number of cells.
        heads: number of heads of a cell, which share its channels.
        expansion: channels inside a cell in multiples of its own.

    Raises:
        InputError: a number is below 1, or channels are no such multiples.
    """

    kind: ClassVar[str] = "vitae"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    pyramid: int = 64
    channels: tuple[int, int, int] = (96, 192, 384)
    depth: int = 14
    heads: int = 6
    expansion: int = 3

    def __post_init__(self) -> None:
        for name in ("pyramid", "depth", "heads", "expansion"):
            require_positive("ViTAE", name, getattr(self, name))
        for channels, multiple in zip(self.channels, (2, 3, 4), strict=True):
            require_positive("ViTAE", "channels", channels)
            if channels % multiple:
                raise InputError(
                    f"ViTAE: channels are {shown(self.channels)}; give an even number, a multiple of 3 and one of 4"
                )
        require_sizes("ViTAE", self.depth, self.channels)
        require_divisible("ViTAE", self.channels[-1], self.heads)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images do not consist of 4x4 patches."""
        require_patches("ViTAE", input_shape, 4)
        return modules.ViTAENetwork(
            input_shape[0],
            num_classes,
            pyramid=self.pyramid,
            channels=self.channels,
            depth=self.depth,
            heads=self.heads,
            expansion=self.expansion,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images do not consist of 4x4 patches."""
        require_patches("ViTAE", input_shape, 4)
        image, pyramid, (first, second, width) = input_shape[0], self.pyramid, self.channels
        half, size = strided(input_shape[1:], 2), strided(input_shape[1:], 4)
        tokens, features = size[0] * size[1], first // 2
        costs = [convolution(image, pyramid, 5, size, bias=True) * 4, layer_norm(4 * pyramid)]
        costs += [linear(4 * pyramid, 3 * first, tokens), linear(first, first, tokens), layer_norm(first)]
        costs += [products(features * tokens * (4 * first + 1)), feed_forward(tokens, first, first, first)]
        costs += [convolution(image, pyramid, 3, half, bias=True), convolution(pyramid, pyramid, 3, size, bias=True)]
        costs += [batch_norm(pyramid), convolution(pyramid, first, 3, size, bias=True)]
        size = strided(size, 2)
        costs.append(convolution(first, second // 3, 3, size, bias=True) * 3)
        size = strided(size, 2)
        costs.append(convolution(second, width // 2, 3, size, bias=True) * 2)
        hidden, groups = self.expansion * width, width // 4
        tokens = size[0] * size[1]
        cell = self_attention(tokens, width, width, width, qkv_bias=True) + feed_forward(tokens, width, hidden, width)
        for inputs, outputs in ((width, hidden), (hidden, width), (width, width)):
            cell += convolution(inputs, outputs, 3, size, groups, bias=True)
        cell += batch_norm(hidden) + batch_norm(width) + layer_norm(width) * 2
        return single(total([*costs, cell * self.depth, classifier(width, num_classes)]))
