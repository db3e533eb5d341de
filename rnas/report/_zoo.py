"""The zoo for people: an overview of many networks, and all about one."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.networks.architecture import from_dict
from rnas.report._structure import structure
from rnas.utils.quantities import format_size

_SIZES = {"params": "#P", "flops": "#F"}
_ACCURACIES = {"clean": "clean", "pgd20": "PGD-20", "cw40": "CW-40", "autoattack": "AA"}
_IN_NOTES = {"clean": "clean", "pgd20": "PGD-20", "cw40": "CW", "autoattack": "AutoAttack"}
_NOTHING = "-"
_LEGEND = (
    "#P in millions, #F in billions and accuracies in percent are as printed, AA is AutoAttack; * is misprinted or "
    "needs a note."
)

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
    for heading in (*_SIZES.values(), *_ACCURACIES.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    sources = Sources()
    family = None
    for network in networks:
        if network["family"] != family:
            family = network["family"]
            table.add_row(Text(f"{family}:", style="bold"))
        for line in _lines(network, sources):
            table.add_row(*map(Text, line))
    console.print(table)
    console.print()
    legend = (
        f"{_convention(networks)} {_LEGEND} Of each network the first result on each data set is shown; "
        "rnas zoo NAME shows all, with the notes."
    )
    console.print(legend)
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
    lines: list[tuple[str, ...]] = []
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
                *_accuracies(row, with_spread=False),
                cited,
            )
        )
    return lines or [(network["name"], format_size(network["params"]), format_size(network["flops"]))]


def _printed_sizes(row: Row) -> list[str]:
    """#P and #F as printed, with an asterisk where the network has another size or a note speaks of it."""
    texts = []
    for size, heading in _SIZES.items():
        printed = row[f"{size}_as_printed"]
        marked = printed is not None and (not row[f"{size}_agree"] or heading in row["note"])
        texts.append(_NOTHING if printed is None else f"*{printed}" if marked else printed)
    return texts


def _accuracies(row: Row, *, with_spread: bool) -> list[str]:
    """Accuracies, one that a note speaks of with an asterisk."""
    texts = []
    for name, in_notes in _IN_NOTES.items():
        accuracy = row[name]
        if accuracy is None:
            texts.append(_NOTHING)
            continue
        mark = "*" if in_notes in row["note"] else ""
        spread = f"±{accuracy['spread']:.2f}" if with_spread and accuracy["spread"] is not None else ""
        texts.append(f"{mark}{accuracy['mean']:.2f}{spread}")
    return texts


def print_description(console: Console, network: Network) -> None:
    """All about one network."""
    facts = {
        "network": f"{network['name']}, of family {network['family']}",
        "after": network["source"],
        "structure": structure(from_dict(network["architecture"])),
        **_counts(network),
        "scales by": network["scaling"],
        "or by": network["robust_scaling"],
        "weights": f"of {' or '.join(network['weights'])}: rnas.load({network['name']!r}, weights=FILE)"
        if network["weights"]
        else "none were released",
        "note": network["note"],
    }
    grid = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if text:
            grid.add_row(Text(name, style="bold"), Text(text))
    console.print(grid)
    if network["published"]:
        console.print()
        _print_results(console, network["published"])


def _counts(network: Network) -> dict[str, str]:
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
    for heading in (*_SIZES.values(), *_ACCURACIES.values()):
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
                    *_accuracies(row, with_spread=True),
                    sources.cite(text),
                ),
            )
        )
    console.print(table)
    console.print()
    console.print(_LEGEND)
    console.print(sources.table())


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
