"""Networks of NAS-Bench-201 cells."""

from collections.abc import Sequence

from torch import Tensor, nn

from rnas.networks.modules._cell_operations import Zero
from rnas.networks.nas_bench_201 import (
    AVERAGE_POOL,
    CONV_1X1,
    EDGES,
    NODES,
    NONE,
    SKIP,
    WIDENINGS,
)


class ReLUConvBN(nn.Module):
    """Apply ReLU, a convolution and batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, kernel_size, stride, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


def _operation(name: str, channels: int) -> nn.Module:
    if name == NONE:
        return Zero(1)
    if name == SKIP:
        return nn.Identity()
    if name == AVERAGE_POOL:
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReLUConvBN(channels, channels, 1 if name == CONV_1X1 else 3)


class CellModule(nn.Module):
    """Apply one cell to (N, channels, H, W); the shape does not change."""

    def __init__(self, operations: Sequence[str], channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_operation(name, channels) for name in operations)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of the edges into the last node."""
        edges = list(zip(self.layers, EDGES, strict=True))
        nodes = [x]
        for node in range(1, NODES):
            outputs = [layer(nodes[source]) for layer, (source, target) in edges if target == node]
            nodes.append(sum(outputs[1:], outputs[0]))
        return nodes[-1]


class ReductionBlock(nn.Module):
    """Apply a residual block of two 3x3 convolutions, the first at stride 2; its shortcut is pooled, then 1x1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv_a = ReLUConvBN(inputs, outputs, 3, stride=2)
        self.conv_b = ReLUConvBN(outputs, outputs, 3)
        self.downsample = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        out: Tensor = self.downsample(x) + self.conv_b(self.conv_a(x))
        return out


class NASBench201Network(nn.Module):
    """Map (N, image_channels, H, W) to logits (N, num_classes) by a stem, cells and residual blocks, and a head.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        operations: name of the operation on each edge of a cell, in the order of ``EDGES``.
        channels: channels of the first stage.
        cells: number of cells in each of the three stages.
    """

    def __init__(
        self, image_channels: int, num_classes: int, operations: Sequence[str], channels: int, cells: int
    ) -> None:
        super().__init__()
        widths = [channels * widening for widening in WIDENINGS]
        self.stem = nn.Sequential(
            nn.Conv2d(image_channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0])
        )
        self.cells = nn.ModuleList()
        for stage, width in enumerate(widths):
            if stage > 0:
                self.cells.append(ReductionBlock(widths[stage - 1], width))
            self.cells.extend(CellModule(operations, width) for _ in range(cells))
        self.lastact = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU())
        self.global_pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(widths[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        x = self.stem(images)
        for cell in self.cells:
            x = cell(x)
        logits: Tensor = self.classifier(self.global_pooling(self.lastact(x)).flatten(1))
        return logits
