"""Networks whose tensors are called as in released code, written anew from what their repositories and papers say."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)


class Block(nn.Module):
    """A block of a WideResNet; the shortcut's convolution exists only if the width or the size changes."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, activation: Callable[[Tensor], Tensor], shortcut: str
    ) -> None:
        super().__init__()
        self.activation = activation
        self.bn1, self.bn2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.own = shortcut if inputs != outputs or stride != 1 else ""
        if self.own:
            convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.add_module(shortcut, nn.Sequential(convolution) if shortcut == "shortcut" else convolution)

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activation(self.bn1(x))
        skipped = self.get_submodule(self.own)(activated) if self.own else x
        out: Tensor = skipped + self.conv2(self.activation(self.bn2(self.conv1(activated))))
        return out


class Stage(nn.Module):
    """Blocks of one width, of which the first changes width and size."""

    def __init__(
        self,
        blocks: int,
        inputs: int,
        outputs: int,
        stride: int,
        activation: Callable[[Tensor], Tensor],
        shortcut: str,
    ) -> None:
        super().__init__()
        widths = [inputs, *[outputs] * blocks]
        self.layer = nn.Sequential(
            *(
                Block(a, b, 1 if number else stride, activation, shortcut)
                for number, (a, b) in enumerate(pairwise(widths))
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


class TradesWideResNet(nn.Module):
    """A WideResNet with the names of TRADES; with its part that is never run, or without as in RobustBench."""

    def __init__(self, blocks: int = 1, widening: int = 1, *, never_run: bool = True) -> None:
        super().__init__()
        widths = (16, 16 * widening, 32 * widening, 64 * widening)
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.block1, self.block2, self.block3 = (
            Stage(blocks, a, b, stride, F.relu, "convShortcut")
            for (a, b), stride in zip(pairwise(widths), (1, 2, 2), strict=True)
        )
        if never_run:
            self.sub_block1 = Stage(blocks, widths[0], widths[1], 1, F.relu, "convShortcut")
        self.bn1, self.fc = nn.BatchNorm2d(widths[-1]), nn.Linear(widths[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.block3(self.block2(self.block1(self.conv1(x))))
        # The released code pools 8x8 windows, which of images of 32x32 is the whole map.
        logits: Tensor = self.fc(F.relu(self.bn1(out)).mean((2, 3)))
        return logits


class AdvancedResNet(nn.Module):
    """A network of SiLU that normalises its images, as RobustBench has WRN-A4.

    RobustBench keeps mean and deviation among the weights, and the repository of the paper does not.
    """

    def __init__(
        self, depths: Sequence[int] = (1, 1, 1), widths: Sequence[int] = (16, 32, 64), *, with_constants: bool
    ) -> None:
        super().__init__()
        self.register_buffer("mu", torch.tensor(MEAN).view(3, 1, 1), persistent=with_constants)
        self.register_buffer("sigma", torch.tensor(DEVIATION).view(3, 1, 1), persistent=with_constants)
        self.stem_conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.blocks = nn.ModuleList(
            Stage(depth, a, b, stride, F.silu, "shortcut")
            for depth, (a, b), stride in zip(depths, pairwise((16, *widths)), (1, 2, 2), strict=True)
        )
        self.norm1, self.fc = nn.BatchNorm2d(widths[-1]), nn.Linear(widths[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.stem_conv((x - self.get_buffer("mu")) / self.get_buffer("sigma"))
        for stage in self.blocks:
            out = stage(out)
        logits: Tensor = self.fc(F.silu(self.norm1(out)).mean((2, 3)))
        return logits


class Wrapped(nn.Module):
    """Layers under the name ``op``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op(x)
        return out


class Halved(nn.Module):
    """Two convolutions that halve the map, the second of the map without its first row and column."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.conv_2 = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = x.relu()
        out: Tensor = self.bn(torch.cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], 1))
        return out


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """An operation of a cell, with its weights under the names of the code of DARTS."""
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else Halved(channels, channels)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, 1)
    if name == "conv_7x1_1x7":
        return nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, (1, 7), (1, stride), (0, 3), bias=False),
            nn.Conv2d(channels, channels, (7, 1), (stride, 1), (3, 0), bias=False),
            nn.BatchNorm2d(channels),
        )
    size, dilation = int(name[-1]), 1 + name.startswith("dil")

    def separable(stride: int) -> list[nn.Module]:
        padding = dilation * (size // 2)
        depthwise = nn.Conv2d(channels, channels, size, stride, padding, dilation, channels, bias=False)
        return [nn.ReLU(), depthwise, nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels)]

    return Wrapped(*separable(stride), *(separable(1) if name.startswith("sep") else ()))


class Cell(nn.Module):
    """A cell of the code of DARTS."""

    def __init__(
        self, genotype: Any, before: tuple[int, int], channels: int, *, after_reduction: bool, reduction: bool
    ):
        super().__init__()
        first, second = (
            Wrapped(nn.ReLU(), nn.Conv2d(inputs, channels, 1, bias=False), nn.BatchNorm2d(channels))
            for inputs in before
        )
        self.preprocess0 = Halved(before[0], channels) if after_reduction else first
        self.preprocess1 = second
        self.edges = [edge for node in genotype.nodes for edge in node]
        self.concat = genotype.concat
        self._ops = nn.ModuleList(
            operation(name, channels, 2 if reduction and source < 2 else 1) for name, source in self.edges
        )

    def forward(self, s0: Tensor, s1: Tensor) -> Tensor:
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        for first in range(0, len(self.edges), 2):
            states.append(sum(self._ops[n](states[self.edges[n][1]]) for n in (first, first + 1)))
        return torch.cat([states[node] for node in self.concat], 1)


class CellNetwork(nn.Module):
    """The network of the code of DARTS and AdvRush: cells whose channels double at a third and at two thirds."""

    def __init__(self, normal: Any, reduction: Any, layers: int, channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * channels, 3, 1, 1, bias=False), nn.BatchNorm2d(3 * channels))
        self.cells = nn.ModuleList()
        before, halved = (3 * channels, 3 * channels), False
        for number in range(layers):
            halves = number in (layers // 3, 2 * layers // 3)
            channels *= 1 + halves
            genotype = reduction if halves else normal
            self.cells.append(Cell(genotype, before, channels, after_reduction=halved, reduction=halves))
            before, halved = (before[1], len(genotype.concat) * channels), halves
        self.classifier = nn.Linear(before[1], 10)

    def forward(self, x: Tensor) -> Tensor:
        s0 = s1 = self.stem(x)
        for cell in self.cells:
            s0, s1 = s1, cell(s0, s1)
        logits: Tensor = self.classifier(s1.mean((2, 3)))
        return logits


def filled(module: nn.Module) -> nn.Module:
    """The module with random weights and statistics, in eval mode."""
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.dim() == 1 and "running_mean" not in name:
            tensor.uniform_(0.5, 1.5)
        elif "running_mean" in name:
            tensor.normal_(std=0.1)
    return module.eval()
