"""Define the RobNet space (Guo et al., CVPR 2020): the operations on the 14 edges of a densely connected cell."""

import re
from collections import Counter
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import SpaceSettings, Variable
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.cost import Costs
from rnas.networks.counting import total
from rnas.networks.robnet import RobNetwork, edge_cost, frame_cost, place_robnet_cells
from search_spaces.cells import CellSettings, CellSpace, cost_rows

OPERATIONS = {"both": "11", "sep_conv": "01", "identity": "10", "none": "00"}
"""Operations of an edge, from the most expensive, and the two bits of the published codes."""

_CODES = tuple(reversed(OPERATIONS.values()))
"""Codes by label, starting with no edge."""
_SOURCES = [source for source, _ in EDGES]
_INTO_NODES = list(Counter(node for _, node in EDGES).values())


class RobNetSettings(CellSettings):
    """Set the RobNet space."""

    shared: bool = True
    """Whether all cells have one code; otherwise each cell has its own."""
    stem: Literal["cifar", "imagenet"] = "cifar"
    """One convolution for small images; the ImageNet stem divides the sides by 8."""


class RobNetSpace(CellSpace):
    """Search codes of RobNet's cells.

    Edges from a node without input cannot change anything, so they have the cheapest operation that is allowed.
    """

    name: ClassVar[str] = "robnet"
    summary: ClassVar[str] = "densely connected cells; an edge carries nothing, an identity, a convolution or both"
    Settings: ClassVar[type[SpaceSettings]] = RobNetSettings
    settings: RobNetSettings
    labels = len(OPERATIONS)

    @property
    def cells(self) -> int:
        """Return the number of codes; 1 if all cells share one code."""
        return 1 if self.settings.shared else self.settings.layers

    def cell_variables(self, cell: int) -> tuple[Variable, ...]:
        """Return one variable per edge, named by the two states that it joins."""
        prefix = "" if self.settings.shared else f"cell{cell}:"
        return tuple(Variable(f"{prefix}{source}-{node}", tuple(OPERATIONS)) for source, node in EDGES)

    def labels_of(self, choices: Integers) -> Integers:
        """Return labels (m, 14) of choices (m, k)."""
        return self.labels - 1 - choices

    def choices_of(self, labels: Integers) -> Integers:
        """Return choices (m, k) of labels (m, 14)."""
        return self.labels - 1 - labels

    def cost_table(
        self, settings: CellSettings, channels: int, input_shape: Shape, num_classes: int
    ) -> tuple[Costs, Integers]:
        """Return the cost of a network without edges, and params and FLOPs of each label."""
        assert isinstance(settings, RobNetSettings)
        places = place_robnet_cells(settings.layers, channels, settings.stem, input_shape)
        groups = [places] if settings.shared else [[place] for place in places]
        edges = [
            cost_rows([total(edge_cost(place, source, code) for place in group) for code in _CODES])
            for group in groups
            for source in _SOURCES
        ]
        frame = frame_cost(places, settings.stem, input_shape, num_classes)
        return frame, np.stack(edges).reshape(len(groups), len(EDGES), len(_CODES), 2)

    def normalized(self, labels: Integers) -> Integers:
        """Return labels in which edges without effect have the cheapest allowed operation."""
        idle = self.labels_of(np.stack([self.last_allowed(cell) for cell in range(self.cells)]))
        return np.where(_working(labels), labels, idle)

    def active(self, genome: Integers) -> NDArray[np.bool_]:
        """Return which variables (v,) of a canonical genome change the network."""
        active = np.ones(len(genome), dtype=bool)
        working = _working(self.network_labels(genome[None]))
        active[: working.size] = working.ravel()
        return active

    def decode(self, genome: Integers) -> Architecture:
        """Return the network of a genome; a genome that is not canonical is made canonical."""
        genomes = self.canonical(genome[None])
        codes = ("".join(_CODES[label] for label in cell) for cell in self.network_labels(genomes)[0])
        channels = self.settings.channels[self.channel_choice(genomes)[0]]
        return RobNetwork(tuple(codes), self.settings.layers, channels, self.settings.stem)

    def encode(self, architecture: Architecture) -> Integers:
        """Return the genome of an architecture; raise InputError if the space does not contain it."""
        settings = self.settings
        if not isinstance(architecture, RobNetwork):
            raise InputError(f"space {self.name!r} contains no architecture of kind {architecture.kind!r}")
        for field, held in (
            ("layers", (settings.layers,)),
            ("stem", (settings.stem,)),
            ("channels", settings.channels),
        ):
            value = getattr(architecture, field)
            if value not in held:
                raise InputError(f"space {self.name!r} contains {field} {', '.join(map(str, held))}, not {value}")
        if settings.shared and len(architecture.codes) > 1:
            raise InputError(f"space {self.name!r} has one code for all cells; set shared: false for one code per cell")
        codes = architecture.codes if settings.shared else architecture.cell_codes
        labels = [[_CODES.index(code[2 * edge : 2 * edge + 2]) for edge in range(len(EDGES))] for code in codes]
        return self.held(np.array(labels, dtype=np.int64), architecture.channels)

    def parse(self, text: str) -> Architecture:
        """Parse JSON, or the digits of a published code, ``11 11 | 01 ...``; commas separate several codes."""
        if not re.fullmatch(r"[01|,\s]+", text):
            return arch.from_json(text)
        codes = tuple(map(_code, text.split(",")))
        return RobNetwork(codes, self.settings.layers, self.settings.channels[0], self.settings.stem)

    def shared_name(self, architecture: Architecture, name: str) -> str:
        """Return the name of the shared tensor of a parameter: identity and convolution of an edge have their own."""
        found = re.fullmatch(r"(cells\.(\d+)\._ops\.(\d+))\.op\.(.+)", name)
        if found is None:
            return name
        assert isinstance(architecture, RobNetwork)
        cell, edge = int(found[2]), int(found[3])
        code = architecture.cell_codes[cell][2 * edge : 2 * edge + 2]
        part = {"01": "conv.", "10": "res."}.get(code, "")
        return f"{found[1]}.{part}{found[4]}"

    def largest(self) -> list[Architecture]:
        """Return the network with both operations on every edge."""
        both = OPERATIONS["both"] * len(EDGES)
        return [RobNetwork((both,), self.settings.layers, max(self.settings.channels), self.settings.stem)]

    def features(self, genomes: Integers) -> Floats:
        """Return for each edge its identity and convolution bit, then the channels as a share of the widest."""
        labels = self.network_labels(self.canonical(genomes)).reshape(len(genomes), -1)
        bits = np.array([[int(bit) for bit in code] for code in _CODES], dtype=np.float64)[labels]
        return np.hstack([bits.reshape(len(genomes), -1), self.channel_features(genomes)])


def _code(text: str) -> str:
    """Return the digits of a code; bars, if there are any, are between its nodes, and blanks between its edges."""
    nodes = [node.split() for node in text.split("|")]
    lengths = [sum(map(len, node)) // 2 for node in nodes]
    if (len(nodes) > 1 and lengths != _INTO_NODES) or any(len(word) % 2 for node in nodes for word in node):
        raise InputError(
            f"RobNet code {' '.join(text.split())!r}: write two digits for each edge, with bars between the edges into "
            f"the nodes, {', '.join(map(str, _INTO_NODES))}, or without bars"
        )
    return "".join(word for node in nodes for word in node)


def _working(labels: Integers) -> NDArray[np.bool_]:
    """Return which edges (n, cells, 14) start at a node with input."""
    carries = np.ascontiguousarray((labels > 0).transpose(1, 2, 0))
    starts = np.empty_like(carries)
    before = last = np.ones(len(labels), dtype=bool)
    for cell, edges in enumerate(carries):
        live = [before, last]
        for edge, (source, node) in enumerate(EDGES):
            starts[cell, edge] = live[source]
            flows = live[source] & edges[edge]
            if node == len(live):
                live.append(flows)
            else:
                live[node] = live[node] | flows
        before, last = last, np.logical_or.reduce(live[2:])
    return starts.transpose(2, 0, 1)
