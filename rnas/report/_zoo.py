"""Describe the zoo: an overview of many networks, and all about one."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.networks.architecture import from_dict
from rnas.report._blocks import Block, Cell, Column, Facts, Table
from rnas.report._structure import structure
from rnas.utils.quantities import format_size

_SIZES = {"params": "#P", "flops": "#F"}
_ACCURACIES = {"clean": "clean", "pgd20": "PGD-20", "cw40": "CW-40", "autoattack": "AA"}
_IN_NOTES = {"clean": "clean", "pgd20": "PGD-20", "cw40": "CW", "autoattack": "AutoAttack"}
_UNSEEN = {"pgd_l2": "PGD l2", "pgd_l1": "PGD l1", "worst_case": "worst", "corruptions": "CIFAR-10-C"}
"""Accuracies that few tables have, by their headings."""
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
        """Return the mark of a note, such as ``[1]`` for the first."""
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    def facts(self) -> Facts:
        """Return every citation and what it stands for."""
        return Facts({f"[{number}]": text for text, number in self._numbers.items()})


def overview(networks: Sequence[Network]) -> list[Block]:
    """Return a row for each network and data set, with the first of its published results."""
    words = ("network", "data", "from")
    headings = ("network", "params", "FLOPs", "data", *_SIZES.values(), *_ACCURACIES.values(), "from")
    sources = Sources()
    rows: list[tuple[Cell | str, ...]] = []
    family = None
    for network in networks:
        if network["family"] != family:
            family = network["family"]
            rows.append((Cell(f"{family}:", style="strong"), *[""] * (len(headings) - 1)))
        rows += _lines(network, sources)
    columns = tuple(Column(heading, number=heading not in words) for heading in headings)
    return [
        Table(columns, tuple(rows), dense=True),
        f"{_convention(networks)} {_LEGEND} Of each network the first result on each data set is shown; "
        "rnas zoo NAME shows all, with the notes.",
        sources.facts(),
    ]


def _convention(networks: Sequence[Network]) -> str:
    others = [n for n in networks if n["input_shape"] != networks[0]["input_shape"]]
    text = (
        f"FLOPs: multiply-accumulates of convolutions, linear layers and attention for one {_shape(networks[0])} image"
    )
    return text + "".join(f", {_shape(network)} for {network['name']}" for network in others) + "."


def _shape(network: Network) -> str:
    return "x".join(map(str, network["input_shape"]))


def _lines(network: Network, sources: Sources) -> list[tuple[str, ...]]:
    """Return the cells of one network's lines, of which the first has its name."""
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
                *_accuracies(row, _IN_NOTES, with_spread=False),
                cited,
            )
        )
    unpublished = ("",) * (2 + len(_SIZES) + len(_ACCURACIES))
    return lines or [(network["name"], format_size(network["params"]), format_size(network["flops"]), *unpublished)]


def _printed_sizes(row: Row) -> list[str]:
    """Return #P and #F as printed, with an asterisk if the network has another size or a note mentions it."""
    texts = []
    for size, heading in _SIZES.items():
        printed = row[f"{size}_as_printed"]
        marked = printed is not None and (not row[f"{size}_agree"] or heading in row["note"])
        texts.append(_NOTHING if printed is None else f"*{printed}" if marked else printed)
    return texts


def _accuracies(row: Row, in_notes_of: Mapping[str, str], *, with_spread: bool) -> list[str]:
    """Return accuracies; one that a note mentions has an asterisk."""
    texts = []
    for name, in_notes in in_notes_of.items():
        accuracy = row[name]
        if accuracy is None:
            texts.append(_NOTHING)
            continue
        mark = "*" if in_notes in row["note"] else ""
        spread = f"±{accuracy['spread']:.2f}" if with_spread and accuracy["spread"] is not None else ""
        texts.append(f"{mark}{accuracy['mean']:.2f}{spread}")
    return texts


def description(network: Network) -> list[Block]:
    """Return all about one network."""
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
    return [Facts(facts), *_results(network["published"])]


def _counts(network: Network) -> dict[str, str]:
    shape = _shape(network)
    return {
        f"on {dataset}": f"{cost['params']:,} parameters, {cost['flops']:,} FLOPs for one {shape} image, "
        f"{cost['num_classes']} classes"
        for dataset, cost in network["costs"].items()
    }


def _results(rows: Sequence[Row]) -> list[Block]:
    if not rows:
        return []
    words = ("data", "training", "from")
    unseen = {name: heading for name, heading in _UNSEEN.items() if any(row[name] is not None for row in rows)}
    headings = ("data", "training", *_SIZES.values(), *_ACCURACIES.values(), *unseen.values(), "from")
    sources = Sources()
    lines = tuple(
        (
            row["dataset"],
            row["training"],
            *_printed_sizes(row),
            *_accuracies(row, _IN_NOTES | unseen, with_spread=True),
            sources.cite(f"{row['source']}. {_sentence(row['note'])}".strip()),
        )
        for row in rows
    )
    columns = tuple(Column(heading, number=heading not in words) for heading in headings)
    return [Table(columns, lines, dense=True), _LEGEND, sources.facts()]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
