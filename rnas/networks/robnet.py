"""Build RobNet (Guo et al., When NAS Meets Robustness, CVPR 2020): densely connected cells coded by bits on edges.

Node n of a cell sums an operation on each of the 2 + n states before it. Two bits on each of 14 edges select an
identity, a separable convolution, or both. As in the released code, batch normalisation inside the cells has no scale
and no shift.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._cell_operations import identity_cost, separable_conv_cost
from rnas.networks.architecture import Shape
from rnas.networks.cell_skeleton import (
    EDGES,
    NODES,
    CellPlace,
    SizedCellPlace,
    check_even,
    check_sizes,
    classifier_cost,
    inputs_cost,
    place_cells,
    sized,
    stem_cost,
)
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import FREE, Size, batch_norm, convolution, single, strided, total
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _robnet as modules
else:
    modules = LazyModule("rnas.networks.modules._robnet")

OUTPUTS = (NODES, NODES)


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

    @property
    def not_in_weights(self) -> dict[str, str]:
        """Return what the names and shapes of its weights do not show."""
        return {"the operations without weights": "as described"}

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images cannot be halved often enough."""
        place_robnet_cells(self.layers, self.channels, self.stem, input_shape)
        network = modules.ImageNetCellNetwork if self.stem == "imagenet" else modules.CodedCellNetwork
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
    return total([stem_total, *inputs]) + classifier_cost(places, OUTPUTS, num_classes)


def edge_cost(place: SizedCellPlace, source: int, code: str) -> Costs:
    """Return the cost of an edge from this state in one cell."""
    stride, size = place.stride(source), place.edge_size(source)
    kept = identity_cost(place.channels, stride, size, affine=False) if code[0] == "1" else FREE
    convolved = separable_conv_cost(place.channels, 3, stride, size, affine=False) if code[1] == "1" else FREE
    return kept + convolved


def small_image_places(layers: int, channels: int) -> list[CellPlace]:
    """Return the position of every cell after the stem for small images."""
    return place_cells(layers, _stages(channels), OUTPUTS, (3 * channels, 3 * channels))


def imagenet_places(layers: int, channels: int) -> list[CellPlace]:
    """Return the position of every cell after the ImageNet stem."""
    return place_cells(layers, _stages(channels), OUTPUTS, (channels, channels), after_reduction=True)


def _stages(channels: int) -> tuple[int, int, int]:
    return channels, 2 * channels, 4 * channels


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
    # Never released. These have the published sizes and put their operations on the direct edges first, as the
    # paper found best at a small budget; which edges the authors' networks have is not known.
    "small-stand-in": (_digits("11 11 | 11 11 00 | 01 01 00 00 | 01 10 00 00 00"),),
    "medium-stand-in": (_digits("11 11 | 11 11 01 | 11 11 01 00 | 01 01 00 00 00"),),
}
"""The released codes by name, and stand-ins for the two codes that were not released."""
