"""A tiny network of every family, and the names of its blocks."""

from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.cct import CompactTransformer
from rnas.networks.ceit import CeiT
from rnas.networks.conv_attention import ConvAttention
from rnas.networks.cvt import CvT
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.densenet import DenseNet
from rnas.networks.levit import LeViT
from rnas.networks.mixer import MLPMixer
from rnas.networks.mobilevit import MobileViT
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.poolformer import PoolFormer
from rnas.networks.preactivation import PreActivationResNet
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.swin import Swin
from rnas.networks.vgg import VGG
from rnas.networks.vit import VisionTransformer
from rnas.networks.vitae import ViTAE

SHAPE: Shape = (3, 32, 32)
CELLS = [f"cells.{number}" for number in range(5)]

FAMILIES: list[tuple[Architecture, list[str]]] = [
    (
        ResidualNetwork((2, 1), (4, 8), (ROBUST_RES_BLOCK, Block(order="post"))),
        ["blocks.0.layer.0", "blocks.0.layer.1", "blocks.1.layer.0"],
    ),
    (ResNet("bottleneck", (1, 2), (2, 4)), ["layer1.0", "layer2.0", "layer2.1"]),
    (DartsCellNetwork(layers=5, channels=(2, 4, 8), stem_channels=4), CELLS),
    (RobNetwork(CODES["large"], layers=5, channels=2), CELLS),
    (RobNetwork(CODES["large"], layers=5, channels=2, stem="imagenet"), CELLS),
    (NASBench201Cell(("skip_connect",) * 6, channels=2, cells=1), CELLS),
    (
        DenseNet((2, 1), (4, 6), 2),
        ["stages.0.0.0", "stages.0.0.1", "stages.0.1", "stages.1.0.0"],
    ),
    (VGG(((2,), (3, 3), (4,))), ["features.0", "features.4", "features.11"]),
    (PreActivationResNet("basic", (1, 2), (4, 6), 3, True, True, True), ["blocks.0", "blocks.1", "blocks.2"]),
    (VisionTransformer(8, 8, 3, 2, 8), ["first", "layers.0", "layers.1"]),
    (
        PyramidVisionTransformer(4, (1, 2), (4, 6), (1, 2), (2, 2)),
        ["stages.0.blocks.0", "stages.1.blocks.0", "stages.1.blocks.1"],
    ),
    (
        ConvAttention("CT", (2, 1), (4, 6), 4, 4, heads=(2,), head_width=2),
        ["stages.0.0", "stages.0.1", "stages.1.0"],
    ),
    (Swin((2, 1), (4, 6), (1, 2), (4, 2), 2, 2, 2), ["stages.0.1", "stages.0.2", "stages.1.1"]),
    (CvT(8, (1, 1), (4, 6), (1, 2), 3, 2), ["stages.0.2", "stages.1.2"]),
    (LeViT((4,), (4, 2), (1, 1), (4, 6), (1, 2), 3, 2), [f"stages.{number}" for number in range(6)]),
    (
        MobileViT((4, 4, 4, 6, 6, 8), (1, 2, 2, 1, 2), (4, 6, 8), (1, 1, 1), (2, 2, 1), 2, 2, 2),
        [f"layers.{number}" for number in range(3, 13)],
    ),
    (PoolFormer(4, (1, 1), (4, 6), 2), ["stages.0.1", "stages.1.1"]),
    (CompactTransformer(8, 2, 2, 12), ["layers.0", "layers.1"]),
    (CeiT(4, 4, 6, 2, 2, 2), ["layers.0", "layers.1"]),
    (MLPMixer(8, 8, 2, 6, 5), ["layers.0", "layers.1"]),
    (ViTAE(4, (6, 6, 8), 2, 2, 2), ["cells.0", "cells.1"]),
]
