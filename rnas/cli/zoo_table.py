"""The zoo for people: an overview of many networks, and all about one."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.quantities import format_size
from rnas.report.description import describe

_ACCURACIES = {"clean": "clean", "pgd20": "PGD-20", "cw40": "CW-40", "autoattack": "AA"}
_MISPRINT = "* as printed; the network has another size"
_NOTHING = "-"

Network = Mapping[str, Any]
Row = Mapping[str, Any]


class Sources:
    """Sources and trainings of published results, numbered as they are first cited."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def cite(self, text: str) -> str:
        """``[1]`` for the first."""
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    def table(self) -> Table:
        """Every citation and what it stands for."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right")
        for text, number in self._numbers.items():
            grid.add_row(Text(f"[{number}]"), Text(text))
        return grid


def print_overview(console: Console, networks: Sequence[Network]) -> None:
    """One line for each network and data set, with the first of its published results."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("network", overflow="fold")
    for heading in ("params", "FLOPs"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("data", no_wrap=True)
    for heading in ("#P", "#F", *_ACCURACIES.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    sources = Sources()
    family = None
    for network in networks:
        if network["family"] != family:
            family = network["family"]
            table.add_row(Text(family, style="bold"))
        for line in _lines(network, sources):
            table.add_row(*map(Text, line))
    console.print(table)
    console.print()
    console.print(_convention(networks), highlight=False, markup=False)
    console.print(
        f"#P in millions, #F in billions, accuracies in percent, all as printed. {_MISPRINT}. "
        "More of a network, with every result and what is known to be wrong about it: rnas zoo NAME",
        highlight=False,
        markup=False,
    )
    console.print(sources.table())


def _convention(networks: Sequence[Network]) -> str:
    others = [n for n in networks if n["input_shape"] != networks[0]["input_shape"]]
    text = f"FLOPs: multiply-accumulates of convolutions and linear layers for one {_shape(networks[0])} image"
    return text + "".join(f", {_shape(network)} for {network['name']}" for network in others) + "."


def _shape(network: Network) -> str:
    return "x".join(map(str, network["input_shape"]))


def _lines(network: Network, sources: Sources) -> list[tuple[str, ...]]:
    """Cells of the lines of one network, of which the first has its name."""
    first: dict[str, Row] = {}
    for row in network["published"]:
        first.setdefault(row["dataset"], row)
    lines = []
    for dataset, row in first.items():
        cost = network["costs"].get(dataset, network)
        cited = sources.cite(f"{row['training']}; {row['source']}")
        lines.append(
            (
                network["name"] if not lines else "",
                format_size(cost["params"]),
                format_size(cost["flops"]),
                dataset,
                *_printed_sizes(row),
                *(_mean(row[name]) for name in _ACCURACIES),
                cited,
            )
        )
    return lines or [(network["name"], format_size(network["params"]), format_size(network["flops"]))]


def _printed_sizes(row: Row) -> list[str]:
    """#P and #F as printed, a misprint with an asterisk."""
    texts = []
    for size in ("params", "flops"):
        printed = row[f"{size}_as_printed"]
        texts.append(_NOTHING if printed is None else printed if row[f"{size}_agree"] else f"*{printed}")
    return texts


def _mean(accuracy: Mapping[str, float] | None) -> str:
    return _NOTHING if accuracy is None else f"{accuracy['mean']:.2f}"


def _with_spread(accuracy: Mapping[str, float | None] | None) -> str:
    if accuracy is None or accuracy["spread"] is None:
        return _mean(accuracy)
    return f"{accuracy['mean']:.2f}±{accuracy['spread']:.2f}"


def print_description(console: Console, network: Network) -> None:
    """All about one network."""
    facts = {
        "network": f"{network['name']}, of family {network['family']}",
        "after": network["source"],
        "structure": describe(network["architecture"]),
        **_sizes(network),
        "scales by": network["scaling"],
    }
    if network["robust_scaling"]:
        facts["or by"] = network["robust_scaling"]
    facts["weights"] = (
        f"read as {' or '.join(network['weights'])} names them" if network["weights"] else "none were released"
    )
    if network["note"]:
        facts["note"] = network["note"]
    grid = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        grid.add_row(Text(name, style="bold"), Text(text))
    console.print(grid)
    if network["published"]:
        console.print()
        _print_results(console, network["published"])


def _sizes(network: Network) -> dict[str, str]:
    shape = _shape(network)
    return {
        f"on {dataset}": f"{cost['params']:,} parameters, {cost['flops']:,} FLOPs for one {shape} image, "
        f"{cost['num_classes']} classes"
        for dataset, cost in network["costs"].items()
    }


def _print_results(console: Console, rows: Sequence[Row]) -> None:
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("data", no_wrap=True)
    table.add_column("training")
    for heading in ("#P", "#F", *_ACCURACIES.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    sources = Sources()
    for row in rows:
        text = f"{row['source']}. {_sentence(row['note'])}".strip()
        table.add_row(
            *map(
                Text,
                (
                    row["dataset"],
                    row["training"],
                    *_printed_sizes(row),
                    *(_with_spread(row[name]) for name in _ACCURACIES),
                    sources.cite(text),
                ),
            )
        )
    console.print(table)
    console.print()
    console.print(f"#P in millions, #F in billions, accuracies in percent. {_MISPRINT}.", highlight=False, markup=False)
    console.print(sources.table())


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
