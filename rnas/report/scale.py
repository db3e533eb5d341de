"""A network that was found for a budget, as JSON values and for the terminal."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import from_dict
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.zoo import CIFAR, Scaling, find
from rnas.report.structure import structure
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
            highlight=False,
            markup=False,
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


CLASSES = 10
"""Classes that costs are counted for."""

OBJECTIVE = (
    "the sum of the squared logarithms of what is off: of each depth from the depths' proportion, of each width from "
    "the widths', of the ratio of their sums, and of the FLOPs from the target"
)

_PRINTED = {
    "robust-resnet-a1": 5 * 10**9,
    "robust-resnet-a2": 10 * 10**9,
    "robust-resnet-a3": 20 * 10**9,
    "robust-resnet-a4": 40 * 10**9,
}
"""Networks whose depths and widths RobustScaling's paper prints, and the FLOPs that it scaled them to."""

_PRINTED_STAGES = 3


def scaled(scaling: Scaling, flops: int, tolerance: float) -> dict[str, Any]:
    """The network for a budget, with its deviation; by RobustScaling the objective too, and the printed settings.

    Raises:
        InputError: no network is within the tolerance.
    """
    robust: dict[str, Any] = {}
    if isinstance(scaling, RobustScaling):
        best = scaling.optimum(flops, CIFAR, CLASSES)
        architecture, setting = scaling.architecture(best.depths, best.widths), str(best)
        robust = {"minimised": OBJECTIVE, "objective": best.objective}
        if isinstance(architecture, ResidualNetwork) and len(best.depths) == _PRINTED_STAGES:
            robust["printed"] = [printed(name, scaling) for name in _PRINTED]
    else:
        found = scaling.nearest(flops, CIFAR, CLASSES)
        architecture, setting = found.architecture, found.setting
        if abs(found.deviation) > tolerance:
            raise InputError(f"the nearest, {setting}, is {found.deviation:+.1%} off; a larger --tolerance allows that")
    cost = architecture.cost(CIFAR, CLASSES)
    return {
        "architecture": arch.to_dict(architecture),
        "scaling": scaling.description,
        "setting": setting,
        "params": cost.params,
        "flops": cost.flops,
        "target": flops,
        "deviation": cost.flops / flops - 1,
        "input_shape": list(CIFAR),
        "num_classes": CLASSES,
        **robust,
    }


def printed(name: str, scaling: RobustScaling) -> dict[str, Any]:
    """A printed setting, and the best at its budget by the same objective, or None."""
    network = find(name).network
    budget = _PRINTED[name]
    assert isinstance(network, ResidualNetwork)
    widths = tuple(width // base for width, base in zip(network.channels, BASE_CHANNELS, strict=False))
    setting = scaling.setting(network.depths, widths, budget, CIFAR, CLASSES)
    try:
        best = asdict(scaling.optimum(budget, CIFAR, CLASSES))
    except InputError:
        best = None
    return {"name": name, "target": budget, "printed": asdict(setting), "optimum": best}
