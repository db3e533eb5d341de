"""The zoo for people and for machines: an overview of many networks, and one with all its results."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape, from_dict
from rnas.networks.zoo import CIFAR, Baseline, Published, PublishedAccuracy
from rnas.report.structure import structure
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
    console.print(legend, highlight=False, markup=False)
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
    console.print(_LEGEND, highlight=False, markup=False)
    console.print(sources.table())


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


_DATASETS: dict[str, tuple[Shape, int]] = {
    "cifar10": (CIFAR, 10),
    "cifar100": (CIFAR, 100),
    "imagenet": ((3, 224, 224), 1000),
}
"""Shape of the images and number of classes of the data that results were published for."""

_OTHER_LAYERS = 1.005
"""What the papers' #F counts at most beyond convolutions and linear layers: normalisation and pooling."""


def record(baseline: Baseline, published: tuple[Published, ...]) -> dict[str, Any]:
    """One network and some of its published results.

    ``costs`` has params and FLOPs for each data set of its images' shape; sizes ``as printed`` are text, in millions of
    parameters and billions of multiply-accumulates, and ``..._agree`` says whether the network has them; accuracies
    are in percent.
    """
    robust_scaling = baseline.robust_scaling
    return {
        "name": baseline.name,
        "family": baseline.family,
        "key": arch.key(baseline.network),
        "params": baseline.cost.params,
        "flops": baseline.cost.flops,
        "input_shape": list(baseline.input_shape),
        "num_classes": baseline.num_classes,
        "costs": _costs(baseline),
        "source": baseline.source,
        "note": baseline.note,
        "published": [_published(baseline, row) for row in published],
        "scaling": baseline.scaling.description,
        "robust_scaling": None if robust_scaling is None else robust_scaling.description,
        "weights": [names.code for names in baseline.weight_names],
        "architecture": arch.to_dict(baseline.network),
    }


def _costs(baseline: Baseline) -> dict[str, dict[str, int]]:
    costs = {}
    for dataset, (shape, classes) in _DATASETS.items():
        if shape == baseline.input_shape:
            cost = baseline.architecture(classes).cost(shape, classes)
            costs[dataset] = {"num_classes": classes, "params": cost.params, "flops": cost.flops}
    return costs


def _published(baseline: Baseline, row: Published) -> dict[str, Any]:
    # One table prints the size once for two data sets: that of its first.
    _, classes = _DATASETS.get(row.dataset, (None, baseline.num_classes))
    counts = {baseline.architecture(n).cost(baseline.input_shape, n) for n in (classes, baseline.num_classes)}
    return {
        "dataset": row.dataset,
        "training": row.training,
        "clean": _accuracy(row.clean),
        "pgd20": _accuracy(row.pgd20),
        "cw40": _accuracy(row.cw40),
        "autoattack": _accuracy(row.autoattack),
        "params_as_printed": row.params,
        "params_agree": row.params and any(_prints(cost.params / 1e6, row.params) for cost in counts),
        "flops_as_printed": row.flops,
        "flops_agree": row.flops and any(_prints(cost.flops / 1e9, row.flops, _OTHER_LAYERS) for cost in counts),
        "source": row.source,
        "note": row.note,
    }


def _accuracy(accuracy: PublishedAccuracy | None) -> dict[str, float | None] | None:
    return None if accuracy is None else {"mean": accuracy.mean, "spread": accuracy.spread}


def _prints(value: float, printed: str, at_most: float = 1.0) -> bool:
    """Whether something from ``value`` to ``at_most`` times as much, rounded to as many digits, is what is printed."""
    half_digit = 0.5 / 10 ** len(printed.partition(".")[2])
    return bool(value - half_digit <= float(printed) <= at_most * value + half_digit)
