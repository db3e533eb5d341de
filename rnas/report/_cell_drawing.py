"""Draw a NAS-Bench-201 cell: its graph of four nodes and six operations."""

from collections.abc import Mapping
from typing import Any

from rnas.report import _svg as svg
from rnas.report._description import NAS_BENCH_201_EDGES, NAS_BENCH_201_OPERATIONS, describe

_WIDTH, _HEIGHT, _BASE = 680.0, 236.0, 142.0
_NODES = {"in": 70.0, "1": 250.0, "2": 430.0, "out": 610.0}
_RADIUS = 17.0

# The distance that an edge bows out of the line of nodes, upwards if positive; edges of equal span never cross.
_BOWS = {("in", "2"): 62.0, ("in", "out"): 112.0, ("1", "out"): -66.0}

_STROKES: dict[str, dict[str, str | float]] = {
    "none": {"stroke_width": 1, "stroke_dasharray": "1 5", "opacity": 0.7},
    "skip": {"stroke_width": 1.6, "stroke_dasharray": "6 4"},
    "conv 1\u00d71": {"stroke_width": 3, "class_": "stage-1"},
    "conv 3\u00d73": {"stroke_width": 5, "class_": "stage-3"},
    "avg pool": {"stroke_width": 1.6, "class_": "stage-2"},
}


def draw_cell(architecture: Mapping[str, Any]) -> str:
    """Return the SVG of a cell whose ``operations`` are six names, one for each edge."""
    names = [NAS_BENCH_201_OPERATIONS[name] for name in architecture["operations"]]
    edges = "".join(_edge(*edge, name) for edge, name in zip(NAS_BENCH_201_EDGES, names, strict=True))
    nodes = "".join(_node(name, x) for name, x in _NODES.items())
    return svg.document(f"NAS-Bench-201 cell {describe(architecture)}", _WIDTH, _HEIGHT, [edges, nodes])


def _edge(start: str, end: str, operation: str) -> str:
    x1, x2 = _NODES[start], _NODES[end]
    bow = _BOWS.get((start, end), 0.0)
    middle, apex = (x1 + x2) / 2, _BASE - bow
    if bow:
        lean = 0.28 * (x2 - x1)
        control = _BASE - bow * 4 / 3
        path = f"M{x1:g} {_BASE:g} C{x1 + lean:g} {control:g} {x2 - lean:g} {control:g} {x2:g} {_BASE:g}"
    else:
        path = f"M{x1:g} {_BASE:g} L{x2:g} {_BASE:g}"
    stroke = {"stroke": "currentColor", "fill": "none"} | _STROKES[operation]
    above = apex + (20 if bow < 0 else -9)
    return svg.element("path", d=path, **stroke) + svg.text(
        operation, middle, above, 13, text_anchor="middle", opacity=0.75 if operation == "none" else 1
    )


def _node(name: str, x: float) -> str:
    return svg.element(
        "circle", cx=x, cy=_BASE, r=_RADIUS, class_="node", fill="#e8edf3", stroke="currentColor", stroke_width=1.4
    ) + svg.text(name, x, _BASE + 4.5, 13, text_anchor="middle", class_="node-name", font_weight=600)
