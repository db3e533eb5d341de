"""Build MLP-Mixer (Tolstikhin et al., NeurIPS 2021) for small images, with a class token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from rnas.networks._bounds import require_patches, require_positive, require_sizes
from rnas.networks._token_cost import feed_forward
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.counting import classifier, layer_norm, linear, single, total
from rnas.networks.layer_cost import parameters
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _mixer as modules
else:
    modules = LazyModule("rnas.networks.modules._mixer")


@dataclass(frozen=True)
class MLPMixer:
    """Describe layers that mix tokens by two linear layers over them, without attention.

    Attributes:
        patch: side of a patch.
        width: channels of a token.
        depth: number of layers.
        token_hidden: values between the two linear layers over tokens.
        channel_hidden: channels between the two linear layers over channels.

    Raises:
        InputError: a number is below 1.
    """

    kind: ClassVar[str] = "mlp-mixer"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    patch: int = 4
    width: int = 128
    depth: int = 8
    token_hidden: int = 512
    channel_hidden: int = 64

    def __post_init__(self) -> None:
        for name in ("patch", "width", "depth", "token_hidden", "channel_hidden"):
            require_positive("MLP-Mixer", name, getattr(self, name))
        require_sizes("MLP-Mixer", self.depth, [self.width])

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images do not consist of whole patches."""
        require_patches("MLP-Mixer", input_shape, self.patch)
        return modules.MixerNetwork(
            input_shape,
            num_classes,
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            token_hidden=self.token_hidden,
            channel_hidden=self.channel_hidden,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images do not consist of whole patches."""
        require_patches("MLP-Mixer", input_shape, self.patch)
        patches, width = input_shape[1] // self.patch * (input_shape[2] // self.patch), self.width
        tokens = patches + 1
        mixed = feed_forward(width, tokens, self.token_hidden, tokens) + layer_norm(width) * 2
        layer = mixed + feed_forward(tokens, width, self.channel_hidden, width)
        entry = linear(self.patch**2 * input_shape[0], width, patches) + parameters(width)
        return single(total([entry, layer * self.depth, layer_norm(width), classifier(width, num_classes)]))
