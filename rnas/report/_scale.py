"""What ``rnas scale`` finds, for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.networks.architecture import from_dict
from rnas.report._structure import structure
from rnas.utils.quantities import format_size


def print_scaled(console: Console, result: Mapping[str, Any]) -> None:
    """The network, how it was found, and how far the printed settings are from the best."""
    shape = "x".join(map(str, result["input_shape"]))
    facts = {
        "scaling": result["scaling"],
        "setting": result["setting"],
        "network": structure(from_dict(result["architecture"])),
        "size": f"{result['params']:,} parameters, {result['flops']:,} FLOPs for one {shape} image, "
        f"{result['num_classes']} classes",
        "target": f"{format_size(result['target'])} FLOPs; the network has {_percent(result['deviation'])}",
    }
    if "objective" in result:
        facts["objective"] = f"{result['objective']:.4f}, the least there is; minimised is {result['minimised']}"
    grid = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        grid.add_row(Text(name, style="bold"), Text(text))
    console.print(grid)
    if "printed" in result:
        console.print()
        console.print(
            "The settings that the paper prints, and those of least objective at the same targets, "
            "for this block by this rule:",
        )
        console.print(_printed(result["printed"]))


def _printed(rows: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "target", "D", "W", "FLOPs", "deviation", "objective"):
        table.add_column(heading, justify="left" if heading in ("setting", "D", "W") else "right", no_wrap=True)
    for row in rows:
        target = row["target"]
        table.add_row(row["name"], format_size(target), *_cells(row["printed"], target))
        table.add_row("  least objective", "", *(_cells(row["optimum"], target) if row["optimum"] else ("none",)))
    return table


def _cells(setting: Mapping[str, Any], target: int) -> tuple[str, ...]:
    return (
        ",".join(map(str, setting["depths"])),
        ",".join(map(str, setting["widths"])),
        format_size(setting["flops"]),
        _percent(setting["flops"] / target - 1),
        f"{setting['objective']:.4f}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %"
