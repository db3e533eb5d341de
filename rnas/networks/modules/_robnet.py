"""Networks of RobNet cells."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.cell_skeleton import EDGES, CellPlace, output_channels
from rnas.networks.modules._cell_operations import SeparableConv, Zero, identity
from rnas.networks.modules._cell_skeleton import Cell, CellNetwork, stem
from rnas.networks.robnet import OUTPUTS, imagenet_places, small_image_places


class IdentityAndConv(nn.Module):
    """Add an identity and a separable convolution."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv = SeparableConv(channels, stride, kernel=3, affine=False)
        self.res = identity(channels, stride, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.conv(x) + self.res(x)
        return out


class Edge(nn.Module):
    """Apply the operation that a code of two bits selects for an edge."""

    def __init__(self, code: str, channels: int, stride: int) -> None:
        super().__init__()
        self.op: nn.Module
        if code == "00":
            self.op = Zero(stride)
        elif code == "10":
            self.op = identity(channels, stride, affine=False)
        elif code == "01":
            self.op = SeparableConv(channels, stride, kernel=3, affine=False)
        else:
            self.op = IdentityAndConv(channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class CodedCell(Cell):
    """Build a cell with the operations of its code."""

    def __init__(self, code: str, place: CellPlace) -> None:
        super().__init__(place, affine=False)
        self._ops = nn.ModuleList(
            Edge(code[2 * edge : 2 * edge + 2], place.channels, place.stride(source))
            for edge, (source, _) in enumerate(EDGES)
        )

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        """Map the outputs of the two cells before to (N, 4 * channels, H, W)."""
        states = [self.preprocess0(before), self.preprocess1(last)]
        for operation, (source, node) in zip(self._ops, EDGES, strict=True):
            incoming = operation(states[source])
            if node == len(states):
                states.append(incoming)
            else:
                states[node] = states[node] + incoming
        return torch.cat(states[2:], dim=1)


def _coded_cells(codes: Sequence[str], places: Sequence[CellPlace]) -> list[CodedCell]:
    """Return a cell for every position; a single code is for all of them."""
    cell_codes = [*codes] * len(places) if len(codes) == 1 else codes
    return [CodedCell(code, place) for code, place in zip(cell_codes, places, strict=True)]


class CodedCellNetwork(CellNetwork):
    """Classify small images with a network of coded cells.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        codes: 28 binary digits per cell, two per edge; one code for all cells, or one for each.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 halve the map.
        channels: channels of the nodes in the first stage; each halving doubles them.
    """

    def __init__(self, image_channels: int, num_classes: int, codes: Sequence[str], layers: int, channels: int) -> None:
        places = small_image_places(layers, channels)
        cells = _coded_cells(codes, places)
        classifier = nn.Linear(output_channels(places, OUTPUTS), num_classes)
        super().__init__(stem(image_channels, 3 * channels), cells, classifier)


class ImageNetCellNetwork(nn.Module):
    """Classify images with a network of coded cells after the ImageNet stem, which divides an image's sides by 8.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        codes: 28 binary digits per cell, two per edge; one code for all cells, or one for each.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 halve the map.
        channels: channels of the nodes in the first stage; each halving doubles them.
    """

    def __init__(self, image_channels: int, num_classes: int, codes: Sequence[str], layers: int, channels: int) -> None:
        super().__init__()
        places = imagenet_places(layers, channels)
        # Weights are drawn in the order in which layers are made: the stem's come last, as in CodedCellNetwork.
        cells = _coded_cells(codes, places)
        classifier = nn.Linear(output_channels(places, OUTPUTS), num_classes)
        self.stem0 = nn.Sequential(
            nn.Conv2d(image_channels, channels // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.stem1 = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.cells = nn.ModuleList(cells)
        # The published average over 7x7 is this one at the published 224x224.
        self.global_pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        before = self.stem0(images)
        last = self.stem1(before)
        for cell in self.cells:
            before, last = last, cell(before, last)
        logits: Tensor = self.classifier(self.global_pooling(last).flatten(1))
        return logits
