"""Find the blocks of a network: the units whose outputs the papers compare."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from rnas.networks.modules._cell_skeleton import Cell
from rnas.networks.modules._densenet import DenseLayer, Transition
from rnas.networks.modules._nas_bench_201 import CellModule, ReductionBlock
from rnas.networks.modules._residual import Stage
from rnas.networks.modules._resnet import Block
from rnas.networks.modules._vgg import VGGNetwork

_UNITS = (Cell, CellModule, ReductionBlock, DenseLayer, Transition, Block)


@dataclass(frozen=True)
class Span:
    """Mark modules that run one after another as a block, from the input of ``first`` to the output of ``last``."""

    first: nn.Module
    last: nn.Module


def blocks(model: nn.Module) -> dict[str, Span]:
    """Return the blocks of a network by the name of their first module, in the order in which they are registered.

    A residual network has every block of every stage. A network of cells has every cell, and NAS-Bench-201 also its
    reduction blocks. DenseNet has every dense layer and transition. VGG has the convolutions up to and with each
    pooling. Any other network has its direct children, or itself if it has none. A known network inside another module,
    such as a normalisation of its images, is found too.
    """
    found = dict(_known(model))
    children = {name: Span(child, child) for name, child in model.named_children()}
    return found or children or {"": Span(model, model)}


def _known(model: nn.Module) -> Iterator[tuple[str, Span]]:
    for name, module in model.named_modules():
        prefix = f"{name}." if name else ""
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
        elif isinstance(module, _UNITS):
            yield name, Span(module, module)
