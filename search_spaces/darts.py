"""Define the DARTS space (Liu et al., ICLR 2019): a normal and a reduction cell, two operations into each node."""

import ast
import re
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import SpaceSettings, Variable
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cell_skeleton import EDGES, NODES, is_reduction
from rnas.networks.cost import Costs
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network, edge_cost, frame_cost
from rnas.networks.genotypes import GENOTYPES, CellGenotype, Genotype
from search_spaces.cells import CellSettings, CellSpace, cost_rows

OPERATIONS = (
    "skip_connect",
    "avg_pool_3x3",
    "max_pool_3x3",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "sep_conv_3x3",
    "sep_conv_5x5",
)
"""The operations of a derived DARTS cell; DARTS uses ``none`` only in its own search."""

CELLS = ("normal", "reduction")

_LISTS = ("normal", "reduce")
_LONGEST = 10_000
_OWN_NODES = range(2, 2 + NODES)
_INPUTS = {node: tuple(combinations(range(node), 2)) for node in _OWN_NODES}
_INCOMING = {node: [edge for edge, (_, end) in enumerate(EDGES) if end == node] for node in _OWN_NODES}


class DartsSpace(CellSpace):
    """Search a normal and a reduction cell, whose nodes each read two different earlier nodes."""

    name: ClassVar[str] = "darts"
    summary: ClassVar[str] = "a normal and a reduction cell of four nodes, two of seven operations into each"
    Settings: ClassVar[type[SpaceSettings]] = CellSettings
    labels = 1 + len(OPERATIONS)

    @property
    def cells(self) -> int:
        """Return 2, for a normal and a reduction cell."""
        return len(CELLS)

    def cell_variables(self, cell: int) -> tuple[Variable, ...]:
        """Return for each node the pair of earlier nodes that it reads, then an operation on each of the two."""
        variables = []
        for node, pairs in _INPUTS.items():
            name = f"{CELLS[cell]}:{node}"
            if len(pairs) > 1:
                variables.append(Variable(f"{name}:inputs", tuple(f"{a}+{b}" for a, b in pairs)))
            variables += [Variable(f"{name}:{which}", OPERATIONS) for which in ("first", "second")]
        return tuple(variables)

    def labels_of(self, choices: Integers) -> Integers:
        """Return labels (m, 14) of choices (m, k)."""
        labels = np.zeros((len(choices), len(EDGES)), dtype=np.int64)
        rows = np.arange(len(choices))
        columns = iter(choices.T)
        for node, pairs in _INPUTS.items():
            pair = next(columns) if len(pairs) > 1 else np.zeros_like(rows)
            edges = np.array(_INCOMING[node])[np.array(pairs)[pair]]
            for edge in edges.T:
                labels[rows, edge] = next(columns) + 1
        return labels

    def choices_of(self, labels: Integers) -> Integers:
        """Return choices (m, k) of labels (m, 14)."""
        columns = []
        rows = np.arange(len(labels))
        for node, pairs in _INPUTS.items():
            incoming = labels[:, _INCOMING[node]]
            first = (incoming > 0).argmax(axis=1)
            second = node - 1 - (incoming[:, ::-1] > 0).argmax(axis=1)
            if len(pairs) > 1:
                number = np.zeros((node, node), dtype=np.int64)
                number[tuple(np.array(pairs).T)] = np.arange(len(pairs))
                columns.append(number[first, second])
            columns += [incoming[rows, first] - 1, incoming[rows, second] - 1]
        return np.stack(columns, axis=1)

    def cost_table(
        self, settings: CellSettings, channels: int, input_shape: Shape, num_classes: int
    ) -> tuple[Costs, Integers]:
        """Return the cost of a network without edges, and params and FLOPs of each label."""
        # Any cell works, because the table contains the edges.
        network = doubling_network(GENOTYPES["darts-v2"], settings.layers, channels)
        places = network.places(input_shape)
        nothing = np.zeros((1, 2), dtype=np.int64)
        edges = [
            np.vstack([nothing, cost_rows([edge_cost(places, cell, name, source) for name in OPERATIONS])])
            for cell in range(len(CELLS))
            for source, _ in EDGES
        ]
        frame = frame_cost(places, network.outputs, input_shape, num_classes)
        return frame, np.stack(edges).reshape(len(CELLS), len(EDGES), self.labels, 2)

    def decode(self, genome: Integers) -> Architecture:
        """Return the network of a genome; a genome that is not canonical is made canonical."""
        genomes = self.canonical(genome[None])
        normal, reduction = (_cell(labels) for labels in self.network_labels(genomes)[0])
        channels = self.settings.channels[self.channel_choice(genomes)[0]]
        return doubling_network(Genotype(normal, reduction), self.settings.layers, channels)

    def encode(self, architecture: Architecture) -> Integers:
        """Return the genome of an architecture; raise InputError if the space does not contain it."""
        if not isinstance(architecture, DartsCellNetwork):
            raise InputError(f"space {self.name!r} contains no architecture of kind {architecture.kind!r}")
        layers, channels = architecture.layers, architecture.channels[0]
        regular = doubling_network(Genotype(architecture.normal, architecture.reduction), layers, channels)
        if regular != architecture or layers != self.settings.layers or channels not in self.settings.channels:
            held = " or ".join(map(str, self.settings.channels))
            raise InputError(
                f"space {self.name!r} contains networks of {self.settings.layers} cells that start with {held} "
                f"channels, doubled by each reduction, and a stem with three times as many channels"
            )
        labels = [
            _labels(cell, name) for name, cell in zip(CELLS, (architecture.normal, architecture.reduction), strict=True)
        ]
        return self.held(np.array(labels, dtype=np.int64), channels)

    def parse(self, text: str) -> Architecture:
        """Parse JSON or a genotype as DARTS prints it, with nodes in lists of their own or without.

        It is ``Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), reduce=[...], ...)``; without
        ``normal_concat`` or ``reduce_concat`` the cell outputs all its nodes. A name may stand before it, as
        in ``NAME = Genotype(...)``.
        """
        if "Genotype" not in text:
            return arch.from_json(text)
        parts = _genotype_parts(text)
        normal, reduction = (
            _parse_cell(parts[name], parts.get(f"{name}_concat", tuple(_OWN_NODES))) for name in _LISTS
        )
        return doubling_network(Genotype(normal, reduction), self.settings.layers, self.settings.channels[0])

    def shared_name(self, architecture: Architecture, name: str) -> str:
        """Return the name of the shared tensor of a parameter: each operation on each edge of each cell has its own."""
        found = re.fullmatch(r"cells\.(\d+)\._ops\.(\d+)\.(.+)", name)
        if found is None:
            return name
        assert isinstance(architecture, DartsCellNetwork)
        cell, number = int(found[1]), int(found[2])
        genotype = architecture.reduction if is_reduction(cell, architecture.layers) else architecture.normal
        node, which = divmod(number, 2)
        operation, source = genotype.nodes[node][which]
        return f"cells.{cell}.edges.{source}-{node + 2}.{operation}.{found[3]}"

    def largest(self) -> list[Architecture]:
        """Return networks that together have each operation on each edge."""
        used = {str(choice) for v in self.variables for choice in v.choices} & set(OPERATIONS)
        networks: list[Architecture] = []
        for operation in (name for name in OPERATIONS if name in used):
            for first in range(0, NODES + 1, 2):
                nodes = []
                for states in _OWN_NODES:
                    one = min(first, states - 2)
                    nodes.append(((operation, one), (operation, one + 1)))
                cell = CellGenotype(tuple(nodes))
                networks.append(
                    doubling_network(Genotype(cell, cell), self.settings.layers, max(self.settings.channels))
                )
        return networks

    def features(self, genomes: Integers) -> Floats:
        """Return for each edge and operation whether it is present, then the channels as a share of the widest."""
        labels = self.network_labels(self.canonical(genomes)).reshape(len(genomes), -1)
        present = np.eye(self.labels, dtype=np.float64)[labels][:, :, 1:]
        return np.hstack([present.reshape(len(genomes), -1), self.channel_features(genomes)])


def _cell(labels: Integers) -> CellGenotype:
    """Return the cell of labels (14,)."""
    nodes = []
    for incoming in _INCOMING.values():
        first, second = ((OPERATIONS[labels[edge] - 1], EDGES[edge][0]) for edge in incoming if labels[edge])
        nodes.append((first, second))
    return CellGenotype(tuple(nodes))


def _labels(cell: CellGenotype, name: str) -> list[int]:
    """Return the labels (14,) of a cell; raise InputError if the space has no such cell."""
    if len(cell.nodes) != NODES or sorted(cell.concat) != list(_OWN_NODES):
        raise InputError(f"a cell of the DARTS space has nodes 2 to 5 and outputs them all; the {name} cell does not")
    labels = [0] * len(EDGES)
    for node, edges in zip(_OWN_NODES, cell.nodes, strict=True):
        for operation, source in edges:
            if operation not in OPERATIONS:
                raise InputError(f"the DARTS space has no {operation!r}; it has {', '.join(OPERATIONS)}")
            edge = EDGES.index((source, node))
            if labels[edge]:
                raise InputError(
                    f"node {node} of the {name} cell reads node {source} twice; it must read two different nodes"
                )
            labels[edge] = 1 + OPERATIONS.index(operation)
    return labels


def _genotype_parts(text: str) -> dict[str, Any]:
    """Return the values of a genotype by their names; raise InputError for a text that is anything more or less."""
    text = re.sub(r"^\s*\w+\s*=(?=\s*Genotype)", "", text).strip()
    try:
        call = ast.parse(text[:_LONGEST], mode="eval").body
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "Genotype" or call.args:
            raise ValueError
        parts = {str(keyword.arg): _value(keyword.value) for keyword in call.keywords}
        if len(parts) < len(call.keywords) or len(text) > _LONGEST:
            raise ValueError
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise InputError(
            "not a DARTS genotype: write Genotype(normal=[...], normal_concat=[...], reduce=[...], reduce_concat=[...])"
        ) from None
    for name in parts:
        if name.removesuffix("_concat") not in _LISTS:
            raise InputError(f"a DARTS genotype has no {name}; it has normal, normal_concat, reduce and reduce_concat")
    for name in _LISTS:
        if name not in parts:
            raise InputError(f"a DARTS genotype has the lists normal=[...] and reduce=[...]; {name} is missing")
    return parts


def _value(node: ast.expr) -> Any:
    """Return a plain value or a range; raise ValueError or TypeError for others."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range" and not node.keywords:
        low, high = (ast.literal_eval(end) for end in node.args)
        if not (type(low) is type(high) is int and 0 <= low <= high <= len(EDGES)):
            raise ValueError
        return tuple(range(low, high))
    return ast.literal_eval(node)


def _parse_cell(edges: Any, concat: Any) -> CellGenotype:
    edges = list(edges) if isinstance(edges, list | tuple) else [edges]
    if all(isinstance(node, list | tuple) and len(node) == 2 and isinstance(node[0], list | tuple) for node in edges):
        edges = [edge for node in edges for edge in node]
    if len(edges) != 2 * NODES:
        raise InputError(
            f"a cell of a DARTS genotype has {2 * NODES} operations, two for each node; this one has {len(edges)}"
        )
    for edge in edges:
        if not isinstance(edge, list | tuple) or [type(part) for part in edge] != [str, int]:
            raise InputError(f"{edge!r} is not an edge of a DARTS genotype; write it as ('sep_conv_3x3', 1)")
    if not isinstance(concat, list | tuple) or any(type(node) is not int for node in concat):
        raise InputError(f"{concat!r} are not the outputs of a cell; write range(2, 6), or a list of nodes")
    nodes = [(operation, source) for operation, source in edges]
    return CellGenotype(tuple(zip(nodes[::2], nodes[1::2], strict=True)), tuple(concat))
