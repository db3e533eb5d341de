"""Define the space of NAS-Bench-201's cells (Dong, Yang, ICLR 2020): 15,625 genomes, 6,466 networks."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, cached_property
from itertools import pairwise, product
from typing import ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import SearchSpace, SpaceSettings, Variable
from rnas.networks._bounds import MOST_CHANNELS
from rnas.networks.architecture import Architecture
from rnas.networks.cost import Costs
from rnas.networks.nas_bench_201 import (
    CONV_1X1,
    CONV_3X3,
    EDGES,
    NODES,
    NONE,
    OPERATIONS,
    SKIP,
    NASBench201Cell,
    network_costs,
    unique_string,
)

_CONV_1X1, _CONV_3X3 = OPERATIONS.index(CONV_1X1), OPERATIONS.index(CONV_3X3)


class NASBench201Settings(SpaceSettings):
    """Set the space of NAS-Bench-201."""

    channels: int = Field(NASBench201Cell.channels, ge=1, le=MOST_CHANNELS)
    """Channels of the first stage."""
    cells: PositiveInt = NASBench201Cell.cells
    """Number of cells in each of the three stages."""


class NASBench201(SearchSpace):
    """Search cells of six edges with five operations each.

    Genomes that the benchmark's string rule treats as equal are one network. It is the network of the cheapest of these
    genomes in the whole space; of equally cheap genomes, the first in the order of the operations. The canonical genome
    is the cheapest, and then the first, that narrowing leaves.
    """

    name = "nas-bench-201"
    summary = "cells of six edges and five operations; 6,466 networks"
    Settings: ClassVar[type[SpaceSettings]] = NASBench201Settings
    settings: NASBench201Settings

    def declare(self) -> tuple[Variable, ...]:
        """Declare one variable for each edge, in the benchmark's order."""
        names = {0: "in", NODES - 1: "out"}
        return tuple(
            Variable(f"{names.get(source, source)}-{names.get(target, target)}", OPERATIONS) for source, target in EDGES
        )

    def canonical(self, genomes: Integers) -> Integers:
        """Return the canonical form of genomes (n, 6)."""
        canonical: Integers = self._canonical[self._rows(genomes)]
        return canonical

    def decode(self, genome: Integers) -> Architecture:
        """Return the network of a genome (6,)."""
        return self._cell(self._operations(genome[None])[0])

    def encode(self, architecture: Architecture) -> Integers:
        """Return the canonical genome of an architecture; raise InputError if the space does not contain it."""
        settings = self.settings
        if not isinstance(architecture, NASBench201Cell):
            raise InputError(f"space {self.name!r} contains cells, not an architecture of kind {architecture.kind!r}")
        if (architecture.channels, architecture.cells) != (settings.channels, settings.cells):
            raise InputError(
                f"space {self.name!r} contains networks with {settings.channels} channels and {settings.cells} cells "
                f"per stage, not {architecture.channels} and {architecture.cells}; set channels and cells"
            )
        text = unique_string(architecture.operations)
        if text not in self._genomes:
            raise InputError(f"space {self.name!r}, after narrowing, does not contain {_digits(architecture)}")
        genome = self._genomes[text].copy()
        held = self.decode(genome)
        if held != architecture:
            raise InputError(
                f"space {self.name!r} has {_digits(held)} instead of {_digits(architecture)}: they compute the same"
            )
        return genome

    def parse(self, text: str) -> Architecture:
        """Parse the cell from six digits, the benchmark's own text, or JSON, and return the network of the space.

        The digits are the operations on the edges, from 0 for none to 4 for average pooling; the benchmark's
        text is like ``|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|``.
        """
        text = text.strip()
        if text.startswith("{"):
            architecture = super().parse(text)
            if not isinstance(architecture, NASBench201Cell):
                return architecture
            genome = np.array([OPERATIONS.index(name) for name in architecture.operations])
            return replace(architecture, operations=_names(_representatives()[_text(genome)]))
        if re.fullmatch(f"[0-{len(OPERATIONS) - 1}]{{{len(EDGES)}}}", text):
            genome = np.array([int(digit) for digit in text])
        else:
            genome = _of_benchmark_text(text)
        return self._cell(_representatives()[_text(genome)])

    def cost(self, genomes: Integers) -> Costs:
        """Return the cost of genomes (n, 6)."""
        operations = self._operations(genomes)
        return network_costs(
            (operations == _CONV_1X1).sum(axis=1),
            (operations == _CONV_3X3).sum(axis=1),
            self.input_shape,
            self.num_classes,
            self.settings.channels,
            self.settings.cells,
        )

    @property
    def widths(self) -> tuple[str, ...]:
        """Return no name, as all networks have the same widths."""
        return ()

    def shared_name(self, architecture: Architecture, name: str) -> str:
        """Return the name of the shared tensor of a parameter: each convolution on each edge of each cell has its
        own.
        """
        found = re.fullmatch(r"(cells\.\d+)\.layers\.(\d+)\.(.+)", name)
        if found is None:
            return name
        assert isinstance(architecture, NASBench201Cell)
        edge = int(found[2])
        return f"{found[1]}.edges.{edge}.{architecture.operations[edge]}.{found[3]}"

    def largest(self) -> list[Architecture]:
        """Return the networks with one convolution on every edge."""
        return [self._cell(np.full(len(EDGES), number)) for number in (_CONV_1X1, _CONV_3X3)]

    def features(self, genomes: Integers) -> Floats:
        """Return the features of genomes (n, 6).

        They are the operation of each edge, one-hot; for each sequence of at most three operations without skips, the
        share of the four paths from input to output that have it; and log FLOPs over the space's range.
        """
        operations = self._operations(genomes)
        rows = np.ravel_multi_index(tuple(operations.T), (len(OPERATIONS),) * len(EDGES))
        low, high = np.log(self.flops_range)
        flops = (np.log(self.cost(genomes).flops) - low) / (high - low if high > low else 1.0)
        return np.concatenate(
            [
                np.eye(len(OPERATIONS))[operations].reshape(len(genomes), len(EDGES) * len(OPERATIONS)),
                _paths()[rows],
                flops[:, None],
            ],
            axis=1,
        )

    def _rows(self, genomes: Integers) -> Integers:
        """Return the row (n,) of genomes (n, 6) in the arrays over all genomes that narrowing leaves."""
        rows: Integers = np.ravel_multi_index(tuple(genomes.T), tuple(self.sizes.tolist()))
        return rows

    def _operations(self, genomes: Integers) -> Integers:
        """Return indices (n, 6) into ``OPERATIONS`` of the networks of genomes (n, 6)."""
        operations: Integers = self._network[self._rows(genomes)]
        return operations

    def _cell(self, operations: Integers) -> NASBench201Cell:
        return NASBench201Cell(_names(operations), self.settings.channels, self.settings.cells)

    @cached_property
    def _grid(self) -> Integers:
        """Return every genome (6,) that narrowing leaves."""
        return np.indices(tuple(self.sizes.tolist()), dtype=np.int64).reshape(len(EDGES), -1).T

    @cached_property
    def _cells(self) -> Integers:
        """Return indices (6,) into ``OPERATIONS`` of each genome that narrowing leaves."""
        kept = [[OPERATIONS.index(str(choice)) for choice in variable.choices] for variable in self.variables]
        return np.stack([np.array(own)[column] for own, column in zip(kept, self._grid.T, strict=True)], axis=1)

    @cached_property
    def _texts(self) -> list[str]:
        """Return the unique string of each genome that narrowing leaves."""
        return [_text_of(tuple(cell)) for cell in self._cells.tolist()]

    @cached_property
    def _genomes(self) -> dict[str, Integers]:
        """Return the canonical genome (6,) by unique string."""
        genomes: dict[str, Integers] = {}
        for row in np.argsort(_price(self._cells), kind="stable"):
            genomes.setdefault(self._texts[row], self._grid[row])
        return genomes

    @cached_property
    def _canonical(self) -> Integers:
        """Return the canonical genome (6,) of each genome that narrowing leaves."""
        return np.array([self._genomes[text] for text in self._texts])

    @cached_property
    def _network(self) -> Integers:
        """Return the operations (6,) of the network of each genome that narrowing leaves."""
        return np.array([_representatives()[text] for text in self._texts])


def _price(operations: Integers) -> Integers:
    """Return FLOPs (n,) of cells (n, 6), in units of one 1x1 convolution."""
    price: Integers = (operations == _CONV_1X1).sum(axis=1) + 9 * (operations == _CONV_3X3).sum(axis=1)
    return price


def _text(operations: Integers) -> str:
    """Return the unique string of a cell (6,)."""
    return _text_of(tuple(operations.tolist()))


@cache
def _text_of(operations: tuple[int, ...]) -> str:
    """Return the unique string of six operations; it is cached because every space of these cells needs all."""
    return unique_string(_names(operations))


def _names(operations: Iterable[int]) -> tuple[str, ...]:
    return tuple(OPERATIONS[index] for index in operations)


def _all_operations() -> Integers:
    return np.array(list(product(range(len(OPERATIONS)), repeat=len(EDGES))), dtype=np.int64)


@cache
def _representatives() -> dict[str, Integers]:
    """Return for each unique string the operations (6,) of its cheapest cell in the whole space."""
    operations = _all_operations()
    representatives: dict[str, Integers] = {}
    for row in np.argsort(_price(operations), kind="stable"):
        representatives.setdefault(_text(operations[row]), operations[row])
    return representatives


@cache
def _paths() -> Floats:
    """Return for each cell of the whole space the share (sequences,) of paths with each sequence of operations."""
    places = {source_target: edge for edge, source_target in enumerate(EDGES)}
    inner = [nodes for length in range(NODES - 1) for nodes in _increasing(length)]
    routes = [[places[step] for step in pairwise((0, *nodes, NODES - 1))] for nodes in inner]
    kept = [index for index, name in enumerate(OPERATIONS) if name not in (NONE, SKIP)]
    sequences = [found for length in range(NODES) for found in product(kept, repeat=length)]
    columns = {sequence: column for column, sequence in enumerate(sequences)}
    operations = _all_operations()
    shares = np.zeros((len(operations), len(sequences)))
    for row, cell in enumerate(operations.tolist()):
        for route in routes:
            path = [cell[edge] for edge in route]
            if OPERATIONS.index(NONE) not in path:
                shares[row, columns[tuple(index for index in path if index in kept)]] += 1 / len(routes)
    return shares


def _increasing(length: int) -> list[tuple[int, ...]]:
    """Return the increasing tuples of a number of the inner nodes."""
    nodes = range(1, NODES - 1)
    return [found for found in product(nodes, repeat=length) if list(found) == sorted(set(found))]


def _of_benchmark_text(text: str) -> Integers:
    """Return operations (6,) of a cell from the benchmark's text; raise InputError for anything else."""
    found = re.findall(r"(\w+)~(\d)", text)
    layout = "+".join("".join(f"|{{}}~{source}" for source in range(target)) + "|" for target in range(1, NODES))
    names = [name for name, _ in found]
    if len(found) != len(EDGES) or layout.format(*names) != text or not set(names) <= set(OPERATIONS):
        raise InputError(
            f"{text!r} is not a cell; write six digits from 0 to {len(OPERATIONS) - 1}, such as 421211, or the "
            "benchmark's text |nor_conv_3x3~0|+|...|"
        )
    return np.array([OPERATIONS.index(name) for name in names], dtype=np.int64)


def _digits(architecture: Architecture) -> str:
    """Return the six digits of a cell."""
    assert isinstance(architecture, NASBench201Cell)
    return "".join(str(OPERATIONS.index(name)) for name in architecture.operations)
