"""Describe an architecture in one line, from its JSON."""

import json
from collections.abc import Mapping
from typing import Any

from rnas.report._residual_stages import block_name, block_options, is_residual, stages_of

NAS_BENCH_201_OPERATIONS = {
    "none": "none",
    "skip_connect": "skip",
    "nor_conv_1x1": "conv 1\u00d71",
    "nor_conv_3x3": "conv 3\u00d73",
    "avg_pool_3x3": "avg pool",
}
"""Short names of the operations by the benchmark's names."""

NAS_BENCH_201_EDGES = (("in", "1"), ("in", "2"), ("1", "2"), ("in", "out"), ("1", "out"), ("2", "out"))
"""Edges of a cell, in the order of its codes."""


def describe(architecture: Mapping[str, Any]) -> str:
    """Return one line: depths, channels and block of a residual network, operations of a cell, else JSON."""
    if is_residual(architecture):
        return _residual(architecture)
    if is_cell(architecture):
        pairs = zip(NAS_BENCH_201_EDGES, architecture["operations"], strict=True)
        used = [(edge, NAS_BENCH_201_OPERATIONS[operation]) for edge, operation in pairs]
        return (
            ", ".join(f"{start}\u2192{end} {name}" for (start, end), name in used if name != "none") or "no operation"
        )
    fields = {name: value for name, value in architecture.items() if name != "kind"}
    text = json.dumps(fields, ensure_ascii=False) if fields else ""
    return f"{architecture.get('kind', '')} {text}".strip()


def is_cell(architecture: Mapping[str, Any]) -> bool:
    """Return whether this is a NAS-Bench-201 cell with six known operations."""
    operations = architecture.get("operations")
    return (
        architecture.get("kind") == "nas-bench-201"
        and isinstance(operations, list)
        and len(operations) == len(NAS_BENCH_201_EDGES)
        and all(isinstance(operation, str) and operation in NAS_BENCH_201_OPERATIONS for operation in operations)
    )


def _residual(architecture: Mapping[str, Any]) -> str:
    stages = stages_of(architecture)
    depths = "-".join(str(stage.depth) for stage in stages)
    channels = "-".join(str(stage.channels) for stage in stages)
    blocks = [", ".join([block_name(stage.block), *block_options(stage.block)]) for stage in stages]
    block = blocks[0] if len(set(blocks)) == 1 else " | ".join(blocks)
    fields = ("kind", "depths", "channels", "blocks")
    more = [f"{name.replace('_', ' ')} {value}" for name, value in architecture.items() if name not in fields]
    return ", ".join([f"D {depths}", f"channels {channels}", block, *more])
