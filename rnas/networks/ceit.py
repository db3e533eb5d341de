"""Build CeiT (Yuan et al., ICCV 2021) for small images, without attention over its layers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_divisible, require_patches, require_positive, require_sizes
from rnas.networks._token_cost import feed_forward, self_attention
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import Size, batch_norm, classifier, convolution, layer_norm, linear, single, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _ceit as modules
else:
    modules = LazyModule("rnas.networks.modules._ceit")


@dataclass(frozen=True)
class CeiT:
    """Describe layers of attention whose feed-forward parts convolve the map of tokens, after a convolutional stem.

    Attributes:
        stem_channels: channels of the 7x7 convolution of stride 2 that 3x3 pooling of stride 2 follows.
        patch: side of a patch of the pooled map.
        width: channels of a token.
        depth: number of layers.
        heads: number of heads, which share the channels.
        expansion: channels of the feed-forward parts in multiples of the width.

    Raises:
        InputError: a number is below 1, or the heads cannot share the channels.
    """

    kind: ClassVar[str] = "ceit"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    stem_channels: int = 32
    patch: int = 4
    width: int = 192
    depth: int = 12
    heads: int = 3
    expansion: int = 4

    def __post_init__(self) -> None:
        for name in ("stem_channels", "patch", "width", "depth", "heads", "expansion"):
            require_positive("CeiT", name, getattr(self, name))
        require_sizes("CeiT", self.depth, [self.width])
        require_divisible("CeiT", self.width, self.heads)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the pooled map does not consist of whole patches."""
        _, pooled = self._maps(input_shape)
        return modules.CeiTNetwork(
            input_shape[0],
            num_classes,
            size=(pooled[0] // self.patch, pooled[1] // self.patch),
            stem_channels=self.stem_channels,
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            hidden=self.expansion * self.width,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the pooled map does not consist of whole patches."""
        convolved, pooled = self._maps(input_shape)
        size, stem, width = (pooled[0] // self.patch, pooled[1] // self.patch), self.stem_channels, self.width
        tokens, hidden = size[0] * size[1], self.expansion * self.width
        entry = convolution(input_shape[0], stem, 7, convolved, bias=True) + batch_norm(stem)
        entry += linear(self.patch**2 * stem, width, tokens) + parameters(width * (tokens + 2))
        fed = feed_forward(tokens, width, hidden, width) + convolution(hidden, hidden, 3, size, hidden)
        normalized = batch_norm(hidden) * 2 + batch_norm(width) + layer_norm(width) * 2
        layer = self_attention(tokens + 1, width, width, width) + fed + normalized
        return single(total([entry, layer * self.depth, layer_norm(width), classifier(width, num_classes)]))

    def _maps(self, input_shape: Shape) -> tuple[Size, Size]:
        """Return the sizes of the map after the convolution and after the pooling."""
        height, width = ((side + 1) // 2 + 1 for side in input_shape[1:])
        pooled = (height - 1) // 2, (width - 1) // 2
        if min(pooled) < self.patch:
            raise InputError(f"CeiT: images of {input_shape[1]}x{input_shape[2]} are too small: give a smaller patch")
        require_patches("CeiT, after its stem", (input_shape[0], *pooled), self.patch)
        return (height, width), pooled
