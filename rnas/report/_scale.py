"""Describe what ``rnas scale`` finds."""

from collections.abc import Sequence

from rnas.networks.robust_scaling import Setting
from rnas.networks.zoo import CIFAR
from rnas.report import _saved_rule as saved_rule
from rnas.report._blocks import Block, Column, Facts, Table
from rnas.report._structure import structure
from rnas.scaling_rules.scale import CLASSES, OBJECTIVE, PrintedSetting, ScaledNetwork
from rnas.utils.quantities import format_size


def blocks(result: ScaledNetwork) -> list[Block]:
    """Return the network, how it was found, and how far the printed settings are from the best."""
    cost, shape = result.cost, "x".join(map(str, CIFAR))
    objective = f"{result.objective:.4f}, the least there is; minimised is {OBJECTIVE}"
    facts = {
        "scaling": result.scaling.description,
        "setting": result.setting,
        "network": structure(result.architecture),
        "size": f"{cost.params:,} parameters, {cost.flops:,} FLOPs for one {shape} image, {CLASSES} classes",
        "target": f"{format_size(result.target)} FLOPs; the network has {_deviation(cost.flops, result.target)}",
        "objective": "" if result.objective is None else objective,
    }
    shown: list[Block] = [Facts(facts)]
    if result.printed:
        shown += [
            "The settings that the paper prints, and those of least objective at the same targets, for this block by "
            "this rule:",
            printed_table(result.printed),
        ]
    return shown if result.rule is None else [*shown, *saved_rule.blocks(result.rule)]


def printed_table(settings: Sequence[PrintedSetting]) -> Table:
    """Return two rows for each printed setting: itself, and the one of least objective at its target."""
    words = ("setting", "D", "W")
    headings = ("setting", "target", "D", "W", "FLOPs", "deviation", "objective")
    rows = []
    for row in settings:
        rows.append((row.name, format_size(row.target), *_cells(row.printed, row.target)))
        rows.append(("  least objective", "", *_cells(row.optimum, row.target)))
    return Table(tuple(Column(heading, number=heading not in words) for heading in headings), tuple(rows))


def _cells(setting: Setting | None, target: int) -> tuple[str, ...]:
    if setting is None:
        return "none", "", "", "", ""
    return (
        ",".join(map(str, setting.depths)),
        ",".join(map(str, setting.widths)),
        format_size(setting.flops),
        _deviation(setting.flops, target),
        f"{setting.objective:.4f}",
    )


def _deviation(flops: int, target: int) -> str:
    return f"{100 * (flops / target - 1):+.1f} %"
