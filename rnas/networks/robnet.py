"""Build RobNet (Guo et al., When NAS Meets Robustness, CVPR 2020): densely connected cells coded by bits on edges.

Node n of a cell sums an operation on each of the 2 + n states before it. Two bits on each of 14 edges select an
identity, a separable convolution, or both. As in the released code, batch normalisation inside the cells has no scale
and no shift.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import ConfigDict
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.cell_operations import SeparableConv, Zero, identity, identity_cost, separable_conv_cost
from rnas.networks.cell_skeleton import (
    EDGES,
    NODES,
    Cell,
    CellNetwork,
    CellPlace,
    SizedCellPlace,
    check_even,
    check_sizes,
    classifier_cost,
    inputs_cost,
    output_channels,
    place_cells,
    sized,
    stem,
    stem_cost,
)
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import FREE, Size, batch_norm, convolution, single, strided, total

_OUTPUTS = (NODES, NODES)


@dataclass(frozen=True)
class RobNetwork:
    """Describe a network of RobNet cells.

    Attributes:
        codes: 28 binary digits per cell, two per edge; one code for all cells, or one for each.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 halve the map.
        channels: channels of the nodes in the first stage; each halving doubles them.
        stem: one convolution for small images; the ImageNet stem divides the sides by 8.

    Raises:
        InputError: a code is not 28 binary digits, or no such network has this number of codes, layers or channels.
    """

    kind: ClassVar[str] = "robnet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    codes: tuple[str, ...]
    layers: int = 20
    channels: int = 36
    stem: Literal["cifar", "imagenet"] = "cifar"

    def __post_init__(self) -> None:
        check_sizes(self.layers, self.stages)
        if self.stem == "imagenet" and self.channels % 2:
            raise InputError(f"channels is {self.channels}; the ImageNet stem needs an even number")
        for code in self.codes:
            if not re.fullmatch("[01]{28}", code):
                raise InputError(f"RobNet code {code!r} is not 28 binary digits, two for each of 14 edges")
        if len(self.codes) not in (1, self.layers):
            raise InputError(
                f"{len(self.codes)} RobNet codes for {self.layers} cells; give one for all or one for each"
            )
        if len(set(self.codes)) == 1:
            # Equal codes become one shared code, so that one network has one description.
            object.__setattr__(self, "codes", self.codes[:1])

    @property
    def stages(self) -> tuple[int, int, int]:
        """Return the channels of the nodes in each stage."""
        return _stages(self.channels)

    @property
    def cell_codes(self) -> tuple[str, ...]:
        """Return the code of each cell."""
        return self.codes * self.layers if len(self.codes) == 1 else self.codes

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        """Return the network; raise InputError if the images cannot be halved often enough."""
        place_robnet_cells(self.layers, self.channels, self.stem, input_shape)
        network = ImageNetCellNetwork if self.stem == "imagenet" else CodedCellNetwork
        return network(input_shape[0], num_classes, self.codes, self.layers, self.channels)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images cannot be halved often enough."""
        places = place_robnet_cells(self.layers, self.channels, self.stem, input_shape)
        edges = [
            edge_cost(place, source, code[2 * edge : 2 * edge + 2])
            for place, code in zip(places, self.cell_codes, strict=True)
            for edge, (source, _) in enumerate(EDGES)
        ]
        return single(total([frame_cost(places, self.stem, input_shape, num_classes), *edges]))


def place_robnet_cells(layers: int, channels: int, stem: str, input_shape: Shape) -> list[SizedCellPlace]:
    """Return the position of every cell for images of this shape; raise InputError if they cannot be halved."""
    if stem == "cifar":
        return sized(small_image_places(layers, channels), input_shape[1:])
    first = strided(strided(input_shape[1:], 2), 2)
    check_even(first)
    return sized(imagenet_places(layers, channels), strided(first, 2))


def frame_cost(places: list[SizedCellPlace], stem: str, input_shape: Shape, num_classes: int) -> Costs:
    """Return the cost without edges: the stem, the layers that adapt the inputs of every cell, and the classifier."""
    image_channels, size = input_shape[0], input_shape[1:]
    if stem == "cifar":
        stem_total = stem_cost(image_channels, places[0].inputs[0], size)
    else:
        stem_total = _imagenet_stem_cost(image_channels, places[0].inputs[0], size)
    inputs = (inputs_cost(place, affine=False) for place in places)
    return total([stem_total, *inputs]) + classifier_cost(places, _OUTPUTS, num_classes)


def edge_cost(place: SizedCellPlace, source: int, code: str) -> Costs:
    """Return the cost of an edge from this state in one cell."""
    stride, size = place.stride(source), place.edge_size(source)
    kept = identity_cost(place.channels, stride, size, affine=False) if code[0] == "1" else FREE
    convolved = separable_conv_cost(place.channels, 3, stride, size, affine=False) if code[1] == "1" else FREE
    return kept + convolved


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


def small_image_places(layers: int, channels: int) -> list[CellPlace]:
    """Return the position of every cell after the stem for small images."""
    return place_cells(layers, _stages(channels), _OUTPUTS, (3 * channels, 3 * channels))


def imagenet_places(layers: int, channels: int) -> list[CellPlace]:
    """Return the position of every cell after the ImageNet stem."""
    return place_cells(layers, _stages(channels), _OUTPUTS, (channels, channels), after_reduction=True)


def _stages(channels: int) -> tuple[int, int, int]:
    return channels, 2 * channels, 4 * channels


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
        classifier = nn.Linear(output_channels(places, _OUTPUTS), num_classes)
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
        # Weights are drawn in the order in which layers are created. The stem's come last, as in CodedCellNetwork.
        cells = _coded_cells(codes, places)
        classifier = nn.Linear(output_channels(places, _OUTPUTS), num_classes)
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
        # For images of the published size, 224x224, this equals the published average over 7x7.
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


def _imagenet_stem_cost(image_channels: int, channels: int, size: Size) -> Costs:
    half = strided(size, 2)
    quarter = strided(half, 2)
    return (
        convolution(image_channels, channels // 2, 3, half)
        + batch_norm(channels // 2)
        + convolution(channels // 2, channels, 3, quarter)
        + batch_norm(channels)
        + convolution(channels, channels, 3, strided(quarter, 2))
        + batch_norm(channels)
    )


def _digits(code: str) -> str:
    return re.sub("[ |]", "", code)


_LARGE = "11 11 | 11 11 11 | 01 11 01 10 | 11 01 01 01 11"

CODES: Mapping[str, tuple[str, ...]] = {
    "large": (_digits(_LARGE),),
    "free": (
        "1110111110110101101111001101",
        "1100011001001010000111101100",
        "1111110101110100100010100011",
        "1011100101101001101100000110",
        "1111010010101001100100100111",
        "1110111111011011001001110111",
        "1111111010011110011010100110",
        "0111111101111111011101111000",
        "1111111111010111100100100111",
        "1011010011111011011111111100",
        "1110110000001100011000011011",
        "0111011111101011101101111000",
        "1111101001001011110110100001",
        "0111111101011101011111011010",
        "0111111111010001101011101011",
        "1111001111010001100011011111",
        "1111011111101110101010101111",
        "1011011111011100111100100001",
        "1110111111111110110011011111",
        "1111010111110100001000010111",
    ),
    # These two were never released. The codes have the published sizes and put their operations on the direct edges
    # first, which the paper found best at a small budget; which edges the authors' networks have is unknown.
    "small-stand-in": (_digits("11 11 | 11 11 00 | 01 01 00 00 | 01 10 00 00 00"),),
    "medium-stand-in": (_digits("11 11 | 11 11 01 | 11 11 01 00 | 01 01 00 00 00"),),
}
"""The released codes by name, and stand-ins for the two codes that were not released."""
