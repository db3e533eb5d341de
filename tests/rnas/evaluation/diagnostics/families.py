"""A tiny network of every family, and the names of its blocks."""

from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.densenet import DenseNet
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG

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
]
