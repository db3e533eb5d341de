"""Build Vision Transformers: ViT (Dosovitskiy et al., ICLR 2021) and CPVT (Chu et al., ICLR 2023) for small images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from rnas.networks._bounds import require_divisible, require_patches, require_positive, require_sizes
from rnas.networks._token_cost import encoder_layer
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import classifier, convolution, layer_norm, linear, single, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _vit as modules
else:
    modules = LazyModule("rnas.networks.modules._vit")


@dataclass(frozen=True)
class VisionTransformer:
    """Describe layers of attention on the patches of an image. They have no bias in queries, keys and values.

    Attributes:
        patch: side of a patch.
        width: channels of a token.
        depth: number of layers.
        heads: number of heads of a layer; they share the channels.
        hidden: channels between the two linear layers of a layer.
        positions: ``learned`` adds a table to the tokens; ``conditional`` adds a depthwise convolution of their map
            after the first layer, as CPVT does.
        readout: ``class`` classifies a learned token, ``mean`` the mean of all tokens.
        head_hidden: channels between two linear layers of the head; None for one linear layer.
        scaled_by: the queries are divided by the root of the channels of a head, or of all of them (``width``).

    Raises:
        InputError: a number is below 1, or the heads cannot share the channels.
    """

    kind: ClassVar[str] = "vit"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    patch: int = 4
    width: int = 512
    depth: int = 6
    heads: int = 8
    hidden: int = 512
    positions: Literal["learned", "conditional"] = "learned"
    readout: Literal["class", "mean"] = "class"
    head_hidden: int | None = None
    scaled_by: Literal["head", "width"] = "head"

    def __post_init__(self) -> None:
        for name in ("patch", "width", "depth", "heads", "hidden"):
            require_positive("ViT", name, getattr(self, name))
        if self.head_hidden is not None:
            require_positive("ViT", "head_hidden", self.head_hidden)
        require_sizes("ViT", self.depth, [self.width])
        require_divisible("ViT", self.width, self.heads)

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images do not consist of whole patches."""
        require_patches("ViT", input_shape, self.patch)
        return modules.VisionTransformerNetwork(
            input_shape,
            num_classes,
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            hidden=self.hidden,
            scale=(self.width if self.scaled_by == "width" else self.width // self.heads) ** -0.5,
            learned_positions=self.positions == "learned",
            class_token=self.readout == "class",
            head_hidden=self.head_hidden,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images do not consist of whole patches."""
        require_patches("ViT", input_shape, self.patch)
        size = input_shape[1] // self.patch, input_shape[2] // self.patch
        patches, width = size[0] * size[1], self.width
        costs = [linear(self.patch**2 * input_shape[0], width, patches)]
        tokens = patches + (self.readout == "class")
        costs.append(parameters((tokens - patches) * width))
        if self.positions == "learned":
            costs.append(parameters(tokens * width))
        else:
            costs.append(convolution(width, width, 3, size, width, bias=True))
        costs.append(encoder_layer(tokens, width, width, self.hidden) * self.depth)
        if self.head_hidden is not None:
            costs.append(linear(width, self.head_hidden))
        return single(total([*costs, layer_norm(width), classifier(self.head_hidden or width, num_classes)]))
