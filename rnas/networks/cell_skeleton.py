"""Build the skeleton that DARTS, AdvRush, RACL and RobNet share: a stem, a row of cells, pooling and a classifier.

Cell i of L is a reduction cell if i is L // 3 or 2L // 3: it halves the map and has the next stage's channels. Each
cell reads the outputs of the two cells before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks._cell_operations import factorized_reduce_cost, relu_conv_bn_cost
from rnas.networks.cost import Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution

MINIMUM_LAYERS = 4
"""Least number of cells that has a cell after each of the two reductions."""

NODES = 4
"""Number of nodes of a cell of DARTS or RobNet."""

EDGES = tuple((source, node + 2) for node in range(NODES) for source in range(node + 2))
"""(state read, node written) of the 14 edges that such a cell can have; states 0 and 1 are its inputs."""


@dataclass(frozen=True)
class CellPlace:
    """Hold the position of a cell in the network.

    Attributes:
        reduction: whether it is a reduction cell.
        after_reduction: whether the output of the cell two before is twice as large as that of the cell before.
        channels: channels of each of its nodes.
        inputs: channels of the outputs of the cell two before and of the cell before.
    """

    reduction: bool
    after_reduction: bool
    channels: int
    inputs: tuple[int, int]

    def stride(self, state: int) -> int:
        """Return the stride of an edge from this state: 0 and 1 are the cell's inputs, later ones its nodes."""
        return 2 if self.reduction and state < 2 else 1


@dataclass(frozen=True)
class SizedCellPlace(CellPlace):
    """Hold the position of a cell for images of one size.

    Attributes:
        size: size of the maps that the cell reads.
    """

    size: Size

    def edge_size(self, state: int) -> Size:
        """Return the size of the map that an edge from this state reads."""
        return (self.size[0] // 2, self.size[1] // 2) if self.reduction and state >= 2 else self.size


def is_reduction(cell: int, layers: int) -> bool:
    """Return whether this cell, counted from 0, is a reduction cell."""
    return cell in (layers // 3, 2 * layers // 3)


def check_sizes(layers: int, channels: tuple[int, ...]) -> None:
    """Raise InputError for numbers of cells or channels that no network of cells can have."""
    if layers < MINIMUM_LAYERS:
        raise InputError(f"layers is {layers}; a network of cells has at least {MINIMUM_LAYERS}")
    require_sizes("a network of cells", layers, channels)
    if min(channels) < 1:
        raise InputError(f"channels are {list(channels)}; each is at least 1")
    for stage_channels in channels[-2:]:
        if stage_channels % 2:
            raise InputError(
                f"a stage after a reduction has {stage_channels} channels; each half comes from one convolution: "
                f"take {stage_channels + 1}"
            )


def place_cells(
    layers: int,
    channels: tuple[int, int, int],
    outputs: tuple[int, int],
    stem: tuple[int, int],
    after_reduction: bool = False,
) -> list[CellPlace]:
    """Return the position of every cell.

    Args:
        layers: number of cells.
        channels: channels of the nodes in each of the three stages.
        outputs: number of nodes in the output of a normal and of a reduction cell.
        stem: channels of the stem's two outputs.
        after_reduction: whether the stem's first output is twice as large as its second.
    """
    places = []
    before, last = stem
    stage = 0
    for cell in range(layers):
        reduction = is_reduction(cell, layers)
        if reduction:
            stage += 1
        places.append(CellPlace(reduction, after_reduction, channels[stage], (before, last)))
        before, last = last, outputs[reduction] * channels[stage]
        after_reduction = reduction
    return places


def sized(places: Iterable[CellPlace], size: Size) -> list[SizedCellPlace]:
    """Return the sized positions of cells for this size of the first map; raise InputError if one cannot be halved."""
    found = []
    for place in places:
        if place.reduction:
            check_even(size)
        found.append(SizedCellPlace(**vars(place), size=size))
        if place.reduction:
            size = size[0] // 2, size[1] // 2
    return found


def check_even(size: Size) -> None:
    """Raise InputError if a map of this size cannot be halved into two equal grids."""
    if size[0] % 2 or size[1] % 2 or min(size) < 2:
        raise InputError(
            f"a network of cells cannot halve a {size[0]}x{size[1]} map: "
            "give images whose sides are multiples of 4 (of 32 with the ImageNet stem)"
        )


def output_channels(places: Sequence[CellPlace], outputs: tuple[int, int]) -> int:
    """Return the channels of the last cell's output."""
    return outputs[places[-1].reduction] * places[-1].channels


def inputs_cost(place: SizedCellPlace, affine: bool = True) -> Costs:
    """Return the cost of the two layers that adapt a cell's inputs."""
    before, last = place.inputs
    size = place.size
    if place.after_reduction:
        first = factorized_reduce_cost(before, place.channels, (2 * size[0], 2 * size[1]), affine)
    else:
        first = relu_conv_bn_cost(before, place.channels, size, affine)
    return first + relu_conv_bn_cost(last, place.channels, size, affine)


def stem_cost(image_channels: int, channels: int, size: Size) -> Costs:
    """Return the cost of :func:`stem`."""
    return convolution(image_channels, channels, 3, size) + batch_norm(channels)


def classifier_cost(places: Sequence[CellPlace], outputs: tuple[int, int], num_classes: int) -> Costs:
    """Return the cost of the classifier on the last cell's output."""
    return classifier(output_channels(places, outputs), num_classes)
