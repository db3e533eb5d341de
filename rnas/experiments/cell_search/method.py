"""Define the contract of a method that searches for cells by gradient."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat

from rnas.networks.cell_skeleton import EDGES, NODES
from rnas.networks.genotypes import CellGenotype, Edge
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
    from torch import Generator, Tensor

    from rnas.networks.modules._mixed_cells import MixedNetwork
    from rnas.training.schedules._progress import Progress
else:
    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")

Mixture = tuple["Tensor", "Tensor"]
"""Weights (14, k) of k operations on the edges of the normal and of the reduction cell.

The edges are those of :data:`rnas.networks.cell_skeleton.EDGES`.
"""

NONE = "none"
"""Operation that no derived cell has."""


@dataclass(frozen=True)
class HeldBatch:
    """Hold a batch of the images that the architecture is fitted to, and what is fitted.

    Attributes:
        network: the network of mixed cells, in training mode; running statistics do not change.
        parameters: the parameters of the architecture by name.
        images: (n, C, H, W) in [0, 1], augmented.
        targets: classes (n,) int64, or class probabilities (n, K).
        progress: progress of the search before this step.
        seed: seed of all random numbers of this step.
    """

    network: "MixedNetwork"
    parameters: "Mapping[str, Tensor]"
    images: "Tensor"
    targets: "Tensor"
    progress: "Progress"
    seed: int

    def generator(self) -> "Generator":
        """Return a generator on the CPU that gives the same numbers at every call."""
        return torch.Generator().manual_seed(self.seed)


class CellSearchMethod(Model):
    """Say how the parameters of an architecture become a mixture of operations, and what they are fitted to.

    A method is a class like this, registered under ``rnas.cell_searches``; its fields are its settings. It keeps no
    state: everything that changes is in the parameters, which the search stores.

    Attributes:
        operations: names of the operations of every edge; a derived cell has all but ``none``.
        source: the paper.
        recipe: recipe by which the weights are trained if the user names no other, as
            :meth:`rnas.training.Recipe.resolve` takes it.
    """

    operations: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    recipe: ClassVar[Mapping[str, Any]]

    order: Literal[1, 2] = 1
    """Order of the gradient of the architecture: 1 takes the weights as they are, 2 as they are after a step of
    training, which costs about five times as much.
    """
    learning_rate: PositiveFloat = 3e-4
    """Learning rate of the architecture, whose optimiser is Adam."""
    betas: tuple[float, float] = (0.5, 0.999)
    """Decay rates of Adam's averages, in [0, 1)."""
    weight_decay: NonNegativeFloat = 1e-3
    """Weight decay of the architecture's parameters."""
    spread: NonNegativeFloat = 1e-3
    """Standard deviation of the architecture's parameters at the start."""

    @property
    def divides(self) -> bool:
        """Return whether one half of the images trains the weights and the other one fits the architecture.

        Otherwise all train the weights, and the first batch of them fits the architecture.
        """
        return True

    @abstractmethod
    def begin(self, network: "MixedNetwork", generator: "Generator") -> "dict[str, Tensor]":
        """Return the parameters of the architecture at the start, by name, on the CPU.

        Those that require a gradient are fitted; the others change only by :meth:`after_step`.

        Args:
            network: the network of mixed cells before its first step.
            generator: generator of all random numbers.
        """

    @abstractmethod
    def strengths(self, parameters: "Mapping[str, Tensor]") -> Mixture:
        """Return how strong each operation is on each edge, from which the cell is derived."""

    def mixture(self, parameters: "Mapping[str, Tensor]", generator: "Generator") -> Mixture:
        """Return the weights of the operations for a pass through the network; by default the strengths."""
        return self.strengths(parameters)

    def terms(self, batch: HeldBatch) -> "dict[str, Tensor]":
        """Return the scalar terms by name whose sum the architecture is fitted to; by default the cross-entropy."""
        with batch.network.mixing(*self.mixture(batch.parameters, batch.generator())):
            return {"cross_entropy": F.cross_entropy(batch.network(batch.images), batch.targets)}

    def after_step(self, batch: HeldBatch) -> None:
        """Change parameters without a gradient, in place, after a step of the others; by default there are none."""


def derived_cell(strengths: "Tensor", operations: tuple[str, ...]) -> CellGenotype:
    """Return the cell of strengths (14, k): into each node the two edges whose best operation is strongest.

    ``none`` does not count. Of equals the earlier edge and the earlier operation are taken. The edges of a node are in
    the order of the nodes that they come from.
    """
    names = [name for name in operations if name != NONE]
    rows = strengths[:, [operations.index(name) for name in names]].tolist()
    nodes = []
    for node in range(2, 2 + NODES):
        incoming = [number for number, (_, end) in enumerate(EDGES) if end == node]
        first, second = sorted(sorted(incoming, key=lambda number: -max(rows[number]))[:2])
        nodes.append((_edge(rows[first], names, first), _edge(rows[second], names, second)))
    return CellGenotype(tuple(nodes))


def _edge(row: list[float], names: list[str], number: int) -> Edge:
    return names[row.index(max(row))], EDGES[number][0]
