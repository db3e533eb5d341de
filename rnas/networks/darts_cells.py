"""Build networks of DARTS-style cells: DARTS, DARTS-R, AdvRush, RACL, PDARTS, NASNet, AmoebaNet.

The skeleton is that of Liu et al. (ICLR 2019) on small images. DARTS-R is its reconfiguration by Huang et al.
(NeurIPS 2021), with the channels of each stage set by hand.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks._cell_operations import find_operation
from rnas.networks.architecture import Shape
from rnas.networks.cell_skeleton import (
    SizedCellPlace,
    check_sizes,
    classifier_cost,
    inputs_cost,
    place_cells,
    sized,
    stem_cost,
)
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import single, total
from rnas.networks.genotypes import GENOTYPES, CellGenotype, Genotype
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _darts_cells as modules
else:
    modules = LazyModule("rnas.networks.modules._darts_cells")


@dataclass(frozen=True)
class DartsCellNetwork:
    """Describe a network of two cells, one normal and one that halves the map.

    Attributes:
        normal: the normal cell.
        reduction: the cell that halves the map.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 are reduction cells.
        channels: channels of the nodes in each of the three stages.
        stem_channels: channels of the stem.

    Raises:
        InputError: fewer than 4 cells, or channels that are not positive or, after a reduction, not even.
    """

    kind: ClassVar[str] = "darts-cells"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    normal: CellGenotype = GENOTYPES["darts-v2"].normal
    reduction: CellGenotype = GENOTYPES["darts-v2"].reduction
    layers: int = 20
    channels: tuple[int, int, int] = (36, 72, 144)
    stem_channels: int = 108

    def __post_init__(self) -> None:
        check_sizes(self.layers, self.channels)
        if self.stem_channels < 1:
            raise InputError(f"stem_channels is {self.stem_channels}; it is at least 1")
        require_sizes("a network of cells", self.layers, [self.stem_channels])

    @property
    def outputs(self) -> tuple[int, int]:
        """Return the number of nodes in the output of a normal and of a reduction cell."""
        return len(self.normal.concat), len(self.reduction.concat)

    def places(self, input_shape: Shape) -> list[SizedCellPlace]:
        """Return the position of every cell for images of this shape; raise InputError if it cannot be halved twice."""
        stems = (self.stem_channels, self.stem_channels)
        return sized(place_cells(self.layers, self.channels, self.outputs, stems), input_shape[1:])

    @property
    def not_in_weights(self) -> dict[str, str]:
        """Return what the names and shapes of its weights do not show."""
        return {"the operations without weights": "as described"}

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its channels, as the nearest even number."""
        first, second, last = self.channels
        return replace(self, channels=(first, second, max(2, 2 * round(last * share / 2))))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError if the images cannot be halved twice."""
        self.places(input_shape)
        cells = [
            (tuple(edge for node in cell.nodes for edge in node), cell.concat) for cell in (self.normal, self.reduction)
        ]
        used = sorted({operation for edges, _ in cells for operation, _ in edges})
        return modules.DartsNetwork(
            input_shape[0],
            num_classes,
            normal=cells[0],
            reduction=cells[1],
            operations={name: find_operation(name).build for name in used},
            layers=self.layers,
            channels=self.channels,
            stem_channels=self.stem_channels,
        )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images cannot be halved twice."""
        places = self.places(input_shape)
        edges = [
            edge_cost(places, reduction, operation, source)
            for reduction, cell in enumerate((self.normal, self.reduction))
            for node in cell.nodes
            for operation, source in node
        ]
        return single(total([frame_cost(places, self.outputs, input_shape, num_classes), *edges]))


def frame_cost(places: list[SizedCellPlace], outputs: tuple[int, int], input_shape: Shape, num_classes: int) -> Costs:
    """Return the cost without edges: the stem, the layers that adapt the inputs of every cell, and the classifier."""
    stem_total = stem_cost(input_shape[0], places[0].inputs[0], input_shape[1:])
    return total([stem_total, *map(inputs_cost, places)]) + classifier_cost(places, outputs, num_classes)


def edge_cost(places: list[SizedCellPlace], reduction: bool | int, operation: str, source: int) -> Costs:
    """Return the cost of one edge of the normal or the reduction cell, summed over all cells of that kind."""
    cost = find_operation(operation).cost
    return total(
        cost(place.channels, place.stride(source), place.edge_size(source))
        for place in places
        if place.reduction == reduction
    )


def doubling_network(genotype: Genotype, layers: int, channels: int) -> DartsCellNetwork:
    """Return the usual network of two cells; each reduction doubles ``channels``, and the stem has three times them."""
    stages = (channels, 2 * channels, 4 * channels)
    return DartsCellNetwork(genotype.normal, genotype.reduction, layers, stages, 3 * channels)


def repeated_cells(genotype: Genotype, repetitions: int, channels: int) -> DartsCellNetwork:
    """Return the network N@C: N normal cells before, between and after the reductions, C channels in the first.

    Args:
        genotype: the two cells.
        repetitions: N, at least 1.
        channels: C.
    """
    return doubling_network(genotype, 3 * repetitions + 2, channels)
