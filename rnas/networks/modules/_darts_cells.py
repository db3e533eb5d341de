"""Networks of DARTS-style cells."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rnas.networks.cell_skeleton import (
    CellPlace,
    output_channels,
    place_cells,
)
from rnas.networks.genotypes import Edge
from rnas.networks.modules._cell_operations import OperationConstructor
from rnas.networks.modules._cell_skeleton import Cell, CellNetwork, stem


class GenotypeCell(Cell):
    """Build a cell with the operations of its genotype.

    Args:
        place: position of the cell.
        edges: (operation, state that it reads) of every edge, two into each node.
        concat: nodes that are concatenated to the cell's output.
        operations: functions that make the operations, by name.
    """

    def __init__(
        self,
        place: CellPlace,
        edges: Sequence[Edge],
        concat: Sequence[int],
        operations: Mapping[str, OperationConstructor],
    ) -> None:
        super().__init__(place)
        self._ops = nn.ModuleList(operations[name](place.channels, place.stride(source)) for name, source in edges)
        self.sources = [source for _, source in edges]
        self.concat = concat

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        """Map the outputs of the two cells before to (N, len(concat) * channels, H, W)."""
        states = [self.preprocess0(before), self.preprocess1(last)]
        edges = [*zip(self._ops, self.sources, strict=True)]
        for (first, a), (second, b) in zip(edges[::2], edges[1::2], strict=True):
            states.append(first(states[a]) + second(states[b]))
        return torch.cat([states[node] for node in self.concat], dim=1)


class DartsNetwork(CellNetwork):
    """Classify images with a network of two cells, one normal and one that halves the map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        normal: edges of the normal cell, and its output nodes; see :class:`GenotypeCell`.
        reduction: the same for the cell that halves the map.
        operations: functions that make the operations, by name.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 halve the map.
        channels: channels of the nodes in each of the three stages.
        stem_channels: channels of the stem.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        normal: tuple[Sequence[Edge], Sequence[int]],
        reduction: tuple[Sequence[Edge], Sequence[int]],
        operations: Mapping[str, OperationConstructor],
        layers: int,
        channels: tuple[int, int, int],
        stem_channels: int,
    ) -> None:
        outputs = len(normal[1]), len(reduction[1])
        places = place_cells(layers, channels, outputs, (stem_channels, stem_channels))
        cells = [GenotypeCell(place, *(reduction if place.reduction else normal), operations) for place in places]
        classifier = nn.Linear(output_channels(places, outputs), num_classes)
        super().__init__(stem(image_channels, stem_channels), cells, classifier)
