"""Networks to export: one of every family of the zoo, smaller than published, and members of a space."""

import dataclasses
from typing import Any

import numpy as np

from rnas import registry
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.cct import CompactTransformer
from rnas.networks.ceit import CeiT
from rnas.networks.conv_attention import ConvAttention
from rnas.networks.cvt import CvT
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.densenet import DenseNet
from rnas.networks.levit import LeViT
from rnas.networks.mixer import MLPMixer
from rnas.networks.mobilevit import MobileViT
from rnas.networks.poolformer import PoolFormer
from rnas.networks.preactivation import PreActivationResNet
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import RobNetwork
from rnas.networks.swin import Swin
from rnas.networks.vgg import VGG
from rnas.networks.vit import VisionTransformer
from rnas.networks.vitae import ViTAE
from rnas.networks.zoo import Baseline, baselines

IMAGE: Shape = (3, 16, 16)
FEW_EDGES = "1101001001000000011000000001"
"""A code of RobNet with every kind of edge."""

_GATED: dict[str, Any] = {"order": "post", "squeeze_excitation": "conv3x3"}
_BLOCKS = (
    Block("basic", "silu", "group", squeeze_excitation="identity", equal_width_shortcut="raw"),
    Block("bottleneck", "two-slope", "layer", **_GATED),
    Block("inverted-bottleneck", "prelu", "instance"),
    Block("no-residual", "gelu", kernel_size=5, squeeze_excitation="standard"),
)
MIXED = ResidualNetwork((1, 2, 1, 1), (8, 8, 16, 16), _BLOCKS, 8, 2, "mish", normalize_input=True)
"""A network with a stage of most kinds of block, activation, normalisation and gate."""


def families() -> dict[str, Baseline]:
    """The first network of every family of the zoo."""
    found: dict[str, Baseline] = {}
    for baseline in baselines().values():
        found.setdefault(baseline.family, baseline)
    return found


def reduced(network: Architecture) -> Architecture:
    """The same structure with few channels and layers, so that it runs at once on 16x16 images."""
    match network:
        case ResidualNetwork():
            return dataclasses.replace(network, depths=(2, 1, 1), channels=(16, 32, 32))
        case DartsCellNetwork():
            return dataclasses.replace(network, layers=4, channels=(8, 16, 32), stem_channels=12)
        case RobNetwork():
            return dataclasses.replace(network, codes=(FEW_EDGES,), layers=4, channels=8)
        case DenseNet():
            return dataclasses.replace(network, depths=(2, 1, 2, 1), channels=(16, 24, 24, 24), growth=8)
        case ResNet():
            return dataclasses.replace(network, depths=(1, 2, 1, 1), channels=(16, 24, 32, 48))
        case VisionTransformer():
            return dataclasses.replace(network, width=16, depth=2, hidden=24)
        case PyramidVisionTransformer():
            return dataclasses.replace(network, depths=(1, 1, 1, 1), channels=(8, 16, 20, 16), expansions=(2, 2, 1, 1))
        case ConvAttention():
            return dataclasses.replace(
                network, depths=(1, 1, 2, 1), channels=(8, 12, 16, 24), stem_channels=8, heads=(2,)
            )
        case Swin():
            return Swin((2, 2), (8, 16), (1, 2), (2, 2), head_width=8, expansion=2)
        case CvT():
            return CvT(2, (1, 1), (8, 12), (1, 2), 4, 2)
        case LeViT():
            return LeViT((4,), (2, 1), (1, 1), (8, 12), (1, 2), 4, 6)
        case MobileViT():
            return MobileViT((4, 4, 8, 8, 8, 12), (1, 1, 2, 2, 2), (8, 8, 12), (1, 1, 1), expansion=2)
        case PoolFormer():
            return PoolFormer(2, (1, 2), (8, 12), 2)
        case CompactTransformer():
            return CompactTransformer(16, 2, 2, 24)
        case CeiT():
            return CeiT(8, 2, 12, 2, 2, 2)
        case MLPMixer():
            return MLPMixer(4, 12, 2, 16, 8)
        case PreActivationResNet():
            return dataclasses.replace(network, depths=(1, 2), channels=(8, 12), stem_channels=8)
        case ViTAE():
            return ViTAE(4, (6, 6, 8), 2, 2, 2)
        case VGG():
            return VGG(((8,), (16,), (16, 16), (24,)))
    raise AssertionError(f"no reduced form of {network}")


def members(count: int, seed: int) -> list[Architecture]:
    """Members of the space robust-resnet, of at most three blocks a stage and 30M FLOPs, drawn at random."""
    cls = registry.load(registry.SEARCH_SPACES, "robust-resnet")
    space = cls(cls.Settings(depths=(1, 2, 3), flops=":30M"), IMAGE, 10)
    return [space.decode(genome) for genome in space.sample(count, np.random.default_rng(seed))]
