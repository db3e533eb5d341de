"""Make a search space of the networks of a design: a genome names one of them."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import SearchSpace, SpaceSettings, Variable
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Costs

_VARIABLE = "network"


class DesignSpace(SearchSpace):
    """Search among listed networks, because evaluators and records know networks through their space.

    Args:
        architectures: the networks, in order; equal ones count once.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
    """

    name: ClassVar[str] = "design"
    summary: ClassVar[str] = "listed networks"

    def __init__(self, architectures: Sequence[Architecture], input_shape: Shape, num_classes: int) -> None:
        self._architectures = {arch.key(architecture): architecture for architecture in architectures}
        self._keys = list(self._architectures)
        super().__init__(SpaceSettings(), input_shape, num_classes)

    def declare(self) -> tuple[Variable, ...]:
        """Declare one variable, the network's key."""
        return (Variable(_VARIABLE, tuple(self._keys)),)

    def canonical(self, genomes: Integers) -> Integers:
        """Return the genomes as they are, because each is a network of its own."""
        return genomes.copy()

    def decode(self, genome: Integers) -> Architecture:
        """Return the architecture of a genome (1,)."""
        return self._architectures[self._keys[int(genome[0])]]

    def encode(self, architecture: Architecture) -> Integers:
        """Return the genome (1,) of an architecture; raise InputError if it is not in the design."""
        key = arch.key(architecture)
        if key not in self._architectures:
            raise InputError(f"network {key} is not in the design; give one of its networks")
        return np.array([self._keys.index(key)], dtype=np.int64)

    def cost(self, genomes: Integers) -> Costs:
        """Return exact params and FLOPs of genomes (n, 1)."""
        costs = [self.decode(genome).cost(self.input_shape, self.num_classes) for genome in genomes]
        return Costs(
            params=np.array([cost.params for cost in costs], dtype=np.int64),
            flops=np.array([cost.flops for cost in costs], dtype=np.int64),
        )

    def features(self, genomes: Integers) -> Floats:
        """Return one column for each network."""
        return np.eye(len(self._keys))[genomes[:, 0]]
