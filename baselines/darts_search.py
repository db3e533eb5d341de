"""Provide the search of DARTS (Liu, Simonyan, Yang, ICLR 2019), of first and of second order."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from rnas.experiments.cell_search import CellSearchMethod, Mixture
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.modules._mixed_cells import MixedNetwork
from search_spaces.darts import OPERATIONS


class Darts(CellSearchMethod):
    """Mix the operations of an edge by the softmax of its parameters, and minimise the cross-entropy on held images.

    Everything is as in the paper: half of the images trains the weights and the other one fits the architecture, by SGD
    for the weights and Adam for the architecture.
    """

    operations: ClassVar[tuple[str, ...]] = ("none", *OPERATIONS)
    source: ClassVar[str] = "Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019"
    recipe: ClassVar[Mapping[str, Any]] = {
        "name": "standard",
        "epochs": 50,
        "batch_size": 64,
        "learning_rate": 0.025,
        "schedule": {"name": "cosine", "final": 0.04, "every": "epoch"},
        "weight_decay": 3e-4,
    }

    def begin(self, network: MixedNetwork, generator: Generator) -> dict[str, Tensor]:
        """Return a table (14, 8) for each of the two cells, with small normal values."""
        shape = len(EDGES), len(self.operations)
        return {
            cell: (self.spread * torch.randn(shape, generator=generator)).requires_grad_()
            for cell in ("normal", "reduction")
        }

    def strengths(self, parameters: Mapping[str, Tensor]) -> Mixture:
        """Return the softmax of each edge's parameters."""
        return parameters["normal"].softmax(1), parameters["reduction"].softmax(1)
