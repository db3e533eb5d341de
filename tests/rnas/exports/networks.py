"""Networks to export: one of every family of the zoo, smaller than published, and members of a space."""

import dataclasses

import numpy as np

from rnas import registry
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.conv_attention import ConvAttention
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.densenet import DenseNet
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import RobNetwork
from rnas.networks.vgg import VGG
from rnas.networks.vit import VisionTransformer
from rnas.networks.zoo import Baseline, baselines

IMAGE: Shape = (3, 16, 16)


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
            return dataclasses.replace(network, depths=(2,) * len(network.depths), channels=(16, 32, 32))
        case DartsCellNetwork():
            return dataclasses.replace(network, layers=4, channels=(8, 16, 32), stem_channels=12)
        case RobNetwork():
            return dataclasses.replace(network, codes=network.codes[:4], layers=4, channels=8)
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
        case VGG():
            return VGG(((8,), (16,), (16, 16), (24,)))
    raise AssertionError(f"no reduced form of {network}")


def members(count: int, seed: int) -> list[Architecture]:
    """Members of the space robust-resnet, of at most three blocks a stage and 30M FLOPs, drawn at random."""
    cls = registry.load(registry.SEARCH_SPACES, "robust-resnet")
    space = cls(cls.Settings(depths=(1, 2, 3), flops=":30M"), IMAGE, 10)
    return [space.decode(genome) for genome in space.sample(count, np.random.default_rng(seed))]
