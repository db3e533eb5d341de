"""Provide the base of spaces of cells: cells as labelled edges, one genome for equal cells, exact cost by lookup."""

from abc import abstractmethod
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import SearchSpace, SpaceSettings, Variable
from rnas.networks._bounds import MOST_CHANNELS, MOST_LAYERS
from rnas.networks.architecture import Shape
from rnas.networks.cell_skeleton import EDGES, MINIMUM_LAYERS
from rnas.networks.cost import Costs
from search_spaces.cell_numbering import least_numbering


class CellSettings(SpaceSettings):
    """Set a space of cells."""

    layers: int = Field(20, ge=MINIMUM_LAYERS, le=MOST_LAYERS)
    """Number of cells."""
    channels: tuple[Annotated[int, Field(ge=1, le=MOST_CHANNELS)], ...] = Field((36,), min_length=1)
    """Choices for the channels of the first stage; a list of one value fixes it, so it is not a variable."""

    @field_validator("channels")
    @classmethod
    def _ascending(cls, channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(channels)))


class CellSpace(SearchSpace):
    """Describe one or more cells and the number of channels by genomes.

    Every cell has the same number of variables. As labels, it has a number for each of the 14 edges of
    :data:`rnas.networks.cell_skeleton.EDGES`, 0 for no edge. Cells that differ only in the numbering of their nodes are
    the same cell.
    """

    settings: CellSettings
    labels: ClassVar[int]
    """Number of labels that an edge can have."""

    def __init__(self, settings: CellSettings, input_shape: Shape, num_classes: int) -> None:
        # Here, so that images which no network of the space can take are refused at once.
        tables = [self.cost_table(settings, channels, input_shape, num_classes) for channels in settings.channels]
        self._frame_costs = np.stack([_pair(frame) for frame, _ in tables])
        self._edge_costs = np.stack([edges for _, edges in tables])
        super().__init__(settings, input_shape, num_classes)

    @property
    @abstractmethod
    def cells(self) -> int:
        """Return the number of cells that a genome describes."""

    @abstractmethod
    def cell_variables(self, cell: int) -> tuple[Variable, ...]:
        """Return the variables of one cell before narrowing; every cell has the same number."""

    @abstractmethod
    def labels_of(self, choices: Integers) -> Integers:
        """Return labels (m, 14) of cells whose variables have these choices (m, k), counted before narrowing."""

    @abstractmethod
    def choices_of(self, labels: Integers) -> Integers:
        """Return the inverse of :meth:`labels_of`."""

    @abstractmethod
    def cost_table(
        self, settings: CellSettings, channels: int, input_shape: Shape, num_classes: int
    ) -> tuple[Costs, Integers]:
        """Return the cost of a network without edges, and (cells, 14, labels, 2) params and FLOPs of each label."""

    def normalized(self, labels: Integers) -> Integers:
        """Return labels (n, cells, 14) in which labels that change nothing have one fixed value; here all matter."""
        return labels

    def declare(self) -> tuple[Variable, ...]:
        """Declare the variables of all cells and the channels."""
        variables = tuple(variable for cell in range(self.cells) for variable in self.cell_variables(cell))
        if len(self.settings.channels) == 1:
            return variables
        return (*variables, Variable("channels", self.settings.channels, ordered=True))

    @cached_property
    def _kept(self) -> Integers:
        """Return (v, choices): position before narrowing of each index of a variable."""
        kept = [[full.choices.index(c) for c in now.choices] for full, now in self._pairs]
        return np.array([places + [-1] * (max(map(len, kept)) - len(places)) for places in kept], dtype=np.int64)

    @cached_property
    def _index(self) -> Integers:
        """Return (v, choices): index after narrowing of each choice of a variable, -1 if narrowing removed it."""
        widest = max(len(full.choices) for full, _ in self._pairs)
        table = np.full((len(self._pairs), widest), -1, dtype=np.int64)
        for row, (full, now) in zip(table, self._pairs, strict=True):
            row[[full.choices.index(choice) for choice in now.choices]] = np.arange(len(now.choices))
        return table

    @property
    def _pairs(self) -> list[tuple[Variable, Variable]]:
        """Return each variable before and after narrowing."""
        return [*zip(self.all_variables, self.variables, strict=True)]

    @cached_property
    def _cell_size(self) -> int:
        return len(self.cell_variables(0))

    def last_allowed(self, cell: int) -> Integers:
        """Return for each variable (k,) of a cell the last choice that narrowing left, counted before narrowing."""
        last: Integers = self._kept[cell * self._cell_size : (cell + 1) * self._cell_size].max(axis=1)
        return last

    def network_labels(self, genomes: Integers) -> Integers:
        """Return labels (n, cells, 14) of genomes (n, v)."""
        size = self.cells * self._cell_size
        choices = self._kept[np.arange(size), genomes[:, :size]]
        return self.labels_of(choices.reshape(-1, self._cell_size)).reshape(len(genomes), self.cells, len(EDGES))

    def channel_choice(self, genomes: Integers) -> Integers:
        """Return the index (n,) into the settings' channels of genomes (n, v)."""
        if len(self.settings.channels) == 1:
            return np.zeros(len(genomes), dtype=np.int64)
        chosen: Integers = self._kept[-1][genomes[:, -1]]
        return chosen

    def genomes_of(self, labels: Integers, channels: Integers) -> Integers:
        """Return genomes (n, v) of labels (n, cells, 14) and channel choices (n,); -1 for choices that are removed."""
        choices = self.choices_of(labels.reshape(-1, len(EDGES))).reshape(len(labels), -1)
        if len(self.settings.channels) > 1:
            choices = np.hstack([choices, channels[:, None]])
        genomes: Integers = self._index[np.arange(choices.shape[1]), choices]
        return genomes

    def canonical(self, genomes: Integers) -> Integers:
        """Return the canonical form of genomes (n, v)."""
        return self.genomes_of(self._canonical_labels(self.network_labels(genomes)), self.channel_choice(genomes))

    def _canonical_labels(self, labels: Integers) -> Integers:
        normalized = self.normalized(labels)
        while True:
            cells = least_numbering(normalized.reshape(-1, len(EDGES)), self.labels, self._allows)
            labels = cells.reshape(labels.shape)
            normalized = self.normalized(labels)
            if np.array_equal(labels, normalized):
                return labels

    def held(self, labels: Integers, channels: int) -> Integers:
        """Return the canonical genome (v,) of labels (cells, 14); InputError names a choice that narrowing removed."""
        labels = self._canonical_labels(labels[None])
        genome = self.genomes_of(labels, np.array([self.settings.channels.index(channels)], dtype=np.int64))[0]
        for variable, index in zip(self.variables, genome, strict=True):
            if index < 0:
                raise InputError(
                    f"space {self.name!r} is narrowed to {', '.join(map(str, variable.choices))} in {variable.name!r}; "
                    "the architecture has another choice there"
                )
        canonical: Integers = genome
        return canonical

    def _allows(self, rows: Integers, labels: Integers) -> NDArray[np.bool_]:
        """Return whether (m,) the narrowed choices contain labels (m, 14) in these rows of the genomes' cells."""
        size = self._cell_size
        variables = rows[:, None] % self.cells * size + np.arange(size)
        held: NDArray[np.bool_] = (self._index[variables, self.choices_of(labels)] >= 0).all(axis=1)
        return held

    @property
    def widths(self) -> tuple[str, ...]:
        """Return the name of the variable of channels."""
        return ("channels",)

    def channel_features(self, genomes: Integers) -> Floats:
        """Return channels of genomes (n, v) as a column (n, 1), a share of the widest; (n, 0) if they are fixed."""
        if len(self.settings.channels) == 1:
            return np.empty((len(genomes), 0))
        shares = np.array(self.settings.channels, dtype=np.float64) / max(self.settings.channels)
        return shares[self.channel_choice(genomes)].reshape(-1, 1)

    def cost(self, genomes: Integers) -> Costs:
        """Return the cost of the networks that ``decode`` gives for genomes (n, v), canonical or not."""
        labels = self.normalized(self.network_labels(genomes))
        channels = self.channel_choice(genomes)
        sums = self._frame_costs[channels]
        for cell in range(self.cells):
            edges = self._edge_costs[channels[:, None], cell, np.arange(len(EDGES)), labels[:, cell]]
            sums += edges.sum(axis=1)
        return Costs(sums[:, 0], sums[:, 1])


def _pair(costs: Costs) -> Integers:
    return np.array([costs.params, costs.flops], dtype=np.int64)


def cost_rows(costs: list[Costs]) -> Integers:
    """Return costs of one network each as rows (n, 2) of params and FLOPs."""
    return np.stack([_pair(cost) for cost in costs])
