"""Hold the result of a search for cells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.experiments.cell_search.method import derived_cell
from rnas.experiments.cell_search.settings import CellSearchSettings
from rnas.networks import architecture as arch
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network
from rnas.networks.genotypes import Genotype
from rnas.training.search_cost import NO_COST, SearchCost
from rnas.utils._json_files import Content
from rnas.utils._tabular import Tabular, notebook_table

Row = Mapping[str, float]
"""One epoch: ``epoch`` from 1; ``loss`` and ``train_robust_accuracy`` of the weights' training; ``learning_rate`` of
its last step; ``held_NAME``, the mean of each term that the architecture is fitted to; ``images_forward`` and
``images_backward``, images passed since the start of the search; and ``seconds``.
"""

Strengths = tuple[list[list[float]], list[list[float]]]
"""Strengths (14, k) of the operations on the edges of the normal and of the reduction cell."""


class _Epoch(Content):
    epoch: float = Field(ge=1)
    loss: float
    learning_rate: NonNegativeFloat
    seconds: NonNegativeFloat
    images_forward: NonNegativeInt
    images_backward: NonNegativeInt


class StateContent(Content):
    """Define what the state of a search for cells holds besides its tensors."""

    fingerprint: str
    history: list[_Epoch]
    strengths: list[list[list[list[float]]]] = Field(min_length=1)
    diverged: str
    operations: list[str]
    source: str


@dataclass(frozen=True)
class CellSearchResult(Tabular):
    """Hold what a search for cells has come to so far.

    Attributes:
        path: directory of the search.
        settings: everything that decides it.
        history: a row for each epoch done.
        strengths: strengths of the operations before the first epoch and after each.
        operations: names of the operations.
        source: the paper of the method.
        diverged: why the search ended before its last epoch; empty if it did not.
    """

    path: Path
    settings: CellSearchSettings
    history: tuple[Row, ...]
    strengths: tuple[Strengths, ...]
    operations: tuple[str, ...]
    source: str
    diverged: str = ""

    @property
    def status(self) -> str:
        """Return ``complete`` or ``diverged``; ``running`` before the search has ended."""
        if self.diverged:
            return "diverged"
        return "complete" if len(self.history) == self.settings.fidelity.epochs else "running"

    @property
    def genotype(self) -> Genotype:
        """Return the two cells that the last strengths give."""
        return self.genotype_after(len(self.history))

    def genotype_after(self, epochs: int) -> Genotype:
        """Return the two cells that the strengths after this number of epochs give."""
        normal, reduction = (derived_cell(torch.tensor(table), self.operations) for table in self.strengths[epochs])
        return Genotype(normal, reduction)

    def at_cost(self, images: float) -> Self:
        """Return the search as it was after the last epoch up to which it had passed at most this number of images.

        Raises:
            InputError: its first epoch costs more.
        """
        epochs = sum(row["images_forward"] + row["images_backward"] <= images for row in self.history)
        if epochs == 0 and self.history:
            first = self.history[0]["images_forward"] + self.history[0]["images_backward"]
            raise InputError(f"{self.path}: one epoch costs {first:,.0f} images, more than {images:,.0f}")
        return replace(self, history=self.history[:epochs], strengths=self.strengths[: epochs + 1])

    @property
    def architecture(self) -> DartsCellNetwork:
        """Return the network of these cells, of the size that the settings name."""
        return doubling_network(self.genotype, self.settings.derived_layers, self.settings.derived_channels)

    @property
    def cost(self) -> SearchCost:
        """Return the images that passed through the network so far, and the seconds on the device."""
        if not self.history:
            return NO_COST
        last = self.history[-1]
        seconds = sum(row["seconds"] for row in self.history)
        return SearchCost(int(last["images_forward"]), int(last["images_backward"]), seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        settings, architecture = self.settings, self.architecture
        dataset = load_dataset(settings.data, settings.data_dir)
        derived = architecture.cost(dataset.input_shape, dataset.num_classes)
        return {
            "schema_version": 1,
            "status": self.status,
            "reason": self.diverged,
            "method": settings.method,
            "source": self.source,
            "genotype": genotype_text(self.genotype),
            "key": arch.key(architecture),
            "architecture": arch.to_dict(architecture),
            "params": derived.params,
            "flops": derived.flops,
            "cost": self.cost.to_dict(),
            "operations": list(self.operations),
            "history": list(map(dict, self.history)),
            "strengths": [list(tables) for tables in self.strengths],
            "settings": settings.model_dump(mode="json"),
        }

    def rows(self) -> tuple[Row, ...]:
        """Return the history, one row an epoch."""
        return self.history

    def __repr__(self) -> str:
        """Return the search in a line."""
        return f"<CellSearchResult {self.path}: {self.status}, {genotype_text(self.genotype)}>"

    def _repr_html_(self) -> str:
        title = f"Search for cells {self.path}: {self.status}, {len(self.history)} epochs"
        cells = (self.genotype.normal, self.genotype.reduction)
        rows = [
            (name, node, *(f"{operation} of {source}" for operation, source in edges))
            for name, cell in zip(("normal", "reduction"), cells, strict=True)
            for node, edges in enumerate(cell.nodes, start=2)
        ]
        return notebook_table(title, ("cell", "node", "first", "second"), rows)


def genotype_text(genotype: Genotype) -> str:
    """Return two cells as DARTS prints them, which the space ``darts`` reads."""
    parts = []
    for name, cell in (("normal", genotype.normal), ("reduce", genotype.reduction)):
        parts += [f"{name}={[edge for node in cell.nodes for edge in node]}", f"{name}_concat={list(cell.concat)}"]
    return f"Genotype({', '.join(parts)})"


def checked_strengths(content: Mapping[str, Any]) -> tuple[Strengths, ...]:
    """Return the strengths of a state; raise InputError if there is not a table for each cell and epoch."""
    wanted = (2, len(EDGES), len(content["operations"]))
    found = content["strengths"]
    if len(found) != len(content["history"]) + 1 or any(_shape(tables) != wanted for tables in found):
        raise InputError("the strengths of the operations do not fit the epochs and the method")
    return tuple((normal, reduction) for normal, reduction in found)


def _shape(tables: list[list[list[float]]]) -> tuple[int, ...]:
    lengths = {(len(tables), len(table), len(row)) for table in tables for row in table}
    return lengths.pop() if len(lengths) == 1 else ()
