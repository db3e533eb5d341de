"""Compute the architecture density of Guo et al., "When NAS Meets Robustness" (RobNet, CVPR 2020).

It is the number of connected edges of all cells divided by the number of possible edges. An edge joins two states of a
cell. It is connected if it has any operation; an edge with two operations is still one edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnas.errors import InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext
from rnas.networks.architecture import Architecture
from rnas.networks.cell_skeleton import EDGES, is_reduction
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.genotypes import CellGenotype
from rnas.networks.nas_bench_201 import EDGES as NAS_BENCH_201_EDGES
from rnas.networks.nas_bench_201 import NONE, NASBench201Cell
from rnas.networks.robnet import RobNetwork


def density(architecture: Architecture) -> float:
    """Return connected edges divided by possible edges of all cells, in [0, 1].

    RobNet has 14 possible edges per cell. In DARTS and similar spaces, edges from every earlier state are possible, but
    a node has at most two, so the greatest density is 8 of 14; a node that reads one state twice has one edge.
    NAS-Bench-201 has 6 possible edges; its reduction blocks are not cells and do not count.

    Raises:
        InputError: the architecture has no cells of edges.
    """
    if isinstance(architecture, RobNetwork):
        codes = architecture.cell_codes
        connected = sum(code[2 * edge : 2 * edge + 2] != "00" for code in codes for edge in range(len(EDGES)))
        return connected / (len(codes) * len(EDGES))
    if isinstance(architecture, NASBench201Cell):
        return sum(name != NONE for name in architecture.operations) / len(NAS_BENCH_201_EDGES)
    if isinstance(architecture, DartsCellNetwork):
        reductions = sum(is_reduction(cell, architecture.layers) for cell in range(architecture.layers))
        counts = ((architecture.normal, architecture.layers - reductions), (architecture.reduction, reductions))
        connected = sum(_connected(cell) * count for cell, count in counts)
        return connected / sum(_possible(cell) * count for cell, count in counts)
    raise InputError(
        f"architecture density is defined for networks of cells, not for kind {architecture.kind!r}; "
        "leave the diagnostic out"
    )


def _connected(cell: CellGenotype) -> int:
    return sum(len({source for operation, source in node if operation != "none"}) for node in cell.nodes)


def _possible(cell: CellGenotype) -> int:
    return sum(node + 2 for node in range(len(cell.nodes)))


@dataclass(frozen=True)
class Density(Diagnostic):
    """Measure ``density``, from the architecture alone."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"density": (0.0, 1.0)}

    def covers(self, architecture: Architecture) -> bool:
        """Return True for networks of cells."""
        return isinstance(architecture, RobNetwork | NASBench201Cell | DartsCellNetwork)

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the density of the architecture."""
        return {"density": density(context.architecture)}


DIAGNOSTIC = Density()
