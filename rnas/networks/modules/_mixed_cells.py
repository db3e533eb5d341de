"""Networks whose cells hold all operations on every edge, weighted: what DARTS searches (Liu et al., ICLR 2019)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import islice
from operator import add

import torch
from torch import Tensor, nn

from rnas.networks._cell_operations import find_operation
from rnas.networks.architecture import Shape
from rnas.networks.cell_skeleton import EDGES, NODES, CellPlace, check_sizes, output_channels, place_cells, sized
from rnas.networks.modules._cell_operations import OperationConstructor, Zero
from rnas.networks.modules._cell_skeleton import Cell, CellNetwork, stem

Mixture = tuple[Tensor, Tensor]
"""Weights (14, k) of k operations on the edges of the normal and of the reduction cell."""


class MixedOperation(nn.Module):
    """Add the results of all operations on one edge, each times its weight.

    Normalisation has no affine parameters, and pooling is followed by one, so that all results have one scale.

    Args:
        operations: functions that make the operations.
        channels: channels of the edge.
        stride: 1 or 2.
    """

    def __init__(self, operations: Sequence[OperationConstructor], channels: int, stride: int) -> None:
        super().__init__()
        self.operations = nn.ModuleList(_unscaled(build(channels, stride), channels) for build in operations)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Map (N, channels, H, W) with weights (k,) to (N, channels, H / stride, W / stride)."""
        # Zeros change no sum, and are not worth their computation.
        terms = [
            weight * operation(x)
            for operation, weight in zip(self.operations, weights.unbind(), strict=True)
            if not isinstance(operation, Zero)
        ]
        if not terms:
            zeros: Tensor = self.operations[0](x)
            return zeros
        total: Tensor = reduce(add, terms)
        return total


class MixedCell(Cell):
    """Build a cell in which every node reads all earlier ones through mixed operations.

    Args:
        place: position of the cell.
        operations: functions that make the operations of each edge.
    """

    def __init__(self, place: CellPlace, operations: Sequence[OperationConstructor]) -> None:
        super().__init__(place, affine=False)
        self.reduction = place.reduction
        self.edges = nn.ModuleList(
            MixedOperation(operations, place.channels, place.stride(source)) for source, _ in EDGES
        )

    @property
    def mixed_edges(self) -> list[MixedOperation]:
        """Return the mixed operation of each edge."""
        return [edge for edge in self.edges if isinstance(edge, MixedOperation)]

    def forward(self, before: Tensor, last: Tensor, weights: Tensor) -> Tensor:
        """Map the outputs of the two cells before, with weights (14, k), to (N, 4 * channels, H, W)."""
        states = [self.preprocess0(before), self.preprocess1(last)]
        edges = iter(zip(EDGES, self.edges, weights.unbind(), strict=True))
        for node in range(NODES):
            terms = [edge(states[source], weight) for (source, _), edge, weight in islice(edges, node + 2)]
            states.append(reduce(add, terms))
        return torch.cat(states[2:], dim=1)


class MixedNetwork(CellNetwork):
    """Classify images with a network of mixed cells.

    Attributes:
        normal: weights (k,) of the operations on each edge (14, k) of the normal cells, where no others are given.
        reduction: the same for the cells that halve the map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        operations: functions that make the operations of each edge.
        layers: number of cells; those at layers // 3 and 2 * layers // 3 halve the map and double the channels.
        channels: channels of the nodes in the first stage; the stem has three times as many.
    """

    normal: Tensor
    reduction: Tensor

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        operations: Sequence[OperationConstructor],
        layers: int,
        channels: int,
    ) -> None:
        places = _places(layers, channels)
        classifier = nn.Linear(output_channels(places, (NODES, NODES)), num_classes)
        cells = [MixedCell(place, operations) for place in places]
        super().__init__(stem(image_channels, 3 * channels), cells, classifier)
        for name in ("normal", "reduction"):
            equal = torch.full((len(EDGES), len(operations)), 1 / len(operations))
            self.register_buffer(name, equal, persistent=False)
        self._given: Mixture | None = None

    @torch.no_grad()
    def mix(self, normal: Tensor, reduction: Tensor) -> None:
        """Copy weights (14, k) of the operations, which hold wherever :meth:`mixing` gives no others."""
        # In place, as a folded copy of the network shares these tensors.
        self.normal.copy_(normal)
        self.reduction.copy_(reduction)

    @contextmanager
    def mixing(self, normal: Tensor, reduction: Tensor) -> Iterator[None]:
        """Use these weights (14, k) of the operations in the block, so that logits have a gradient by them."""
        before, self._given = self._given, (normal, reduction)
        try:
            yield
        finally:
            self._given = before

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        normal, reduction = self._given or (self.normal, self.reduction)
        before = last = self.stem(images)
        for cell in self.cells:
            before, last = last, cell(before, last, reduction if cell.reduction else normal)
        logits: Tensor = self.classifier(self.global_pooling(last).flatten(1))
        return logits


def mixed_network(
    operations: Sequence[str], layers: int, channels: int, num_classes: int, input_shape: Shape
) -> MixedNetwork:
    """Return a network of mixed cells, with weights from torch's global generator.

    Args:
        operations: names of the operations of every edge.
        layers: number of cells, at least 4.
        channels: channels of the nodes in the first stage.
        num_classes: number of logits.
        input_shape: (C, H, W) of one image.

    Raises:
        InputError: an operation is unknown, the sizes are impossible, or the images cannot be halved twice.
    """
    check_sizes(layers, (channels, 2 * channels, 4 * channels))
    sized(_places(layers, channels), input_shape[1:])
    constructors = [find_operation(name).build for name in operations]
    return MixedNetwork(input_shape[0], num_classes, constructors, layers, channels)


def _places(layers: int, channels: int) -> list[CellPlace]:
    stages = (channels, 2 * channels, 4 * channels)
    return place_cells(layers, stages, (NODES, NODES), (3 * channels, 3 * channels))


def _unscaled(operation: nn.Module, channels: int) -> nn.Module:
    """Return an operation whose normalisation has no affine parameters, and a pooling with a normalisation."""
    for module in operation.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.affine = False
            module.register_parameter("weight", None)
            module.register_parameter("bias", None)
    if isinstance(operation, nn.MaxPool2d | nn.AvgPool2d):
        return nn.Sequential(operation, nn.BatchNorm2d(channels, affine=False))
    return operation
