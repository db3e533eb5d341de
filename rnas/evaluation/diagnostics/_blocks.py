"""Find the blocks of a network: the units whose outputs the papers compare."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from rnas.networks.modules._cct import CompactLayer
from rnas.networks.modules._ceit import CeiTLayer
from rnas.networks.modules._cell_skeleton import Cell
from rnas.networks.modules._conv_attention import AttentionBlock, ConvolutionBlock
from rnas.networks.modules._cvt import CvTBlock
from rnas.networks.modules._densenet import DenseLayer, Transition
from rnas.networks.modules._levit import LeViTAttention, Residual
from rnas.networks.modules._mixer import MixerLayer
from rnas.networks.modules._mobilevit import InvertedResidual, MobileViTBlock
from rnas.networks.modules._nas_bench_201 import CellModule, ReductionBlock
from rnas.networks.modules._poolformer import PoolBlock
from rnas.networks.modules._preactivation import PreActivationBlock
from rnas.networks.modules._pvt import PyramidBlock
from rnas.networks.modules._residual import Stage
from rnas.networks.modules._resnet import Block
from rnas.networks.modules._swin import SwinBlock
from rnas.networks.modules._tokens import EncoderLayer
from rnas.networks.modules._vgg import VGGNetwork
from rnas.networks.modules._vitae import NormalCell

_OF_MAPS = (
    *(Cell, CellModule, ReductionBlock, DenseLayer, Transition, Block, PreActivationBlock, InvertedResidual),
    *(ConvolutionBlock, AttentionBlock, CvTBlock, LeViTAttention, Residual, MobileViTBlock, PoolBlock, NormalCell),
)
_OF_TOKENS = (EncoderLayer, CompactLayer, CeiTLayer, MixerLayer, PyramidBlock, SwinBlock)
"""Blocks whose channels come last: of tokens (N, T, C) or of maps (N, H, W, C)."""


@dataclass(frozen=True)
class Span:
    """Mark modules that run one after another as a block, from the input of ``first`` to the output of ``last``.

    Attributes:
        first: module that reads the input.
        last: module that returns the output.
        channels_last: whether both have their channels last, as tokens (N, T, C) have.
    """

    first: nn.Module
    last: nn.Module
    channels_last: bool = False

    def maps(self, values: Tensor) -> Tensor:
        """Return an input or output as maps (N, C, H, W), in which tokens are one column (N, C, T, 1)."""
        if not self.channels_last:
            return values
        return values.movedim(-1, 1) if values.dim() == 4 else values.mT[..., None]


def blocks(model: nn.Module) -> dict[str, Span]:
    """Return the blocks of a network by the name of their first module, in the order in which they are registered.

    A residual network has every block of every stage. A network of cells has every cell, and NAS-Bench-201 also its
    reduction blocks. DenseNet has every dense layer and transition. VGG has the convolutions up to and with each
    pooling. A network of attention has every block or layer of its stages. Any other network has its direct children,
    or itself if it has none. A known network inside another module, such as a normalisation of its images, is found
    too.
    """
    found = dict(_known(model))
    children = {name: Span(child, child) for name, child in model.named_children()}
    return found or children or {"": Span(model, model)}


def _known(model: nn.Module) -> Iterator[tuple[str, Span]]:
    last = None
    for name, module in model.named_modules():
        prefix = f"{name}." if name else ""
        if last is not None and name.startswith(last):
            continue
        if isinstance(module, Stage):
            for number, block in module.layer.named_children():
                yield f"{prefix}layer.{number}", Span(block, block)
        elif isinstance(module, VGGNetwork):
            first = None
            for number, layer in module.features.named_children():
                first = first or (number, layer)
                if isinstance(layer, nn.MaxPool2d):
                    yield f"{prefix}features.{first[0]}", Span(first[1], layer)
                    first = None
        elif isinstance(module, (*_OF_MAPS, *_OF_TOKENS)):
            # A block may be made of others.
            last = prefix
            yield name, Span(module, module, isinstance(module, _OF_TOKENS))
