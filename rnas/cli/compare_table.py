"""A comparison on the terminal: its networks before, its table after."""

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas import architecture as arch
from rnas.comparison import tables, words
from rnas.comparison.run import estimates
from rnas.comparison.settings import ComparisonSettings
from rnas.evaluation.training_settings import load_dataset
from rnas.quantities import counted, format_size


def print_comparison(console: Console, content: Mapping[str, Any]) -> None:
    """The table, what the tests say, and what a reader must know."""
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(tables.headings(content)):
        table.add_column(Text(heading), justify="left" if number in (0, 5) else "right")
    for line in tables.lines(content):
        first = line.checkpoint == "best"
        own = [line.network["name"], *line.facts] if first else [""] * 5
        table.add_row(*map(Text, [*own, line.checkpoint, *map(tables.score_text, line.scores)]))
    for checkpoint in ("best", "last"):
        label = "smallest gap" if checkpoint == "best" else ""
        table.add_row(Text(label), "", "", "", "", checkpoint, *map(Text, tables.gaps(content, checkpoint)))
    console.print(table)
    _line(console, words.verdict_sentence(content))
    _line(console, words.setting_sentence(content))
    _line(console, "Letters: networks that share one are not told apart (Tukey's test of all pairs, 5 %).")
    for note in words.notes(content):
        _line(console, note)
    for failure in content["failures"]:
        _line(console, f"{failure['network']}, seed {failure['seed']}: {failure['status']}: {failure['reason']}")


def design_content(settings: ComparisonSettings, workers: int | None) -> dict[str, Any]:
    """The networks at their FLOPs, and what training them would take here.

    The time of a training of each is measured, with quick attacks at its end.
    """
    dataset = load_dataset(settings.training.data, settings.training.data_dir)
    print("measuring a few steps of each network ...", file=sys.stderr)
    measured, at_once = estimates(settings, workers)
    networks = []
    for one, estimate in zip(settings.networks, measured, strict=True):
        cost = one.network.cost(dataset.input_shape, dataset.num_classes)
        networks.append(
            {
                "name": one.name,
                "key": arch.key(one.network),
                "architecture": one.architecture,
                "scaling": one.scaling,
                "setting": one.setting,
                "params": cost.params,
                "flops": cost.flops,
                "deviation": cost.flops / settings.flops - 1,
                "seconds": estimate.seconds,
            }
        )
    seconds = sum(estimate.seconds for estimate in measured) * settings.seeds
    return {
        "networks": networks,
        "seeds": settings.seeds,
        "trainings": len(networks) * settings.seeds,
        "at_once": at_once,
        "hours": seconds / at_once / 3600,
        "settings": settings.model_dump(mode="json", exclude_none=True),
    }


def print_design(console: Console, content: Mapping[str, Any]) -> None:
    """The networks of a comparison and its bill, for people."""
    table = Table(box=None, pad_edge=False)
    for heading, side in (("network", "left"), ("FLOPs", "right"), ("params", "right"), ("a training", "right")):
        table.add_column(heading, justify="right" if side == "right" else "left")
    table.add_column("how it came to its FLOPs")
    for one in content["networks"]:
        sizes = [format_size(one["flops"]), format_size(one["params"]), words.duration(one["seconds"])]
        table.add_row(*map(Text, [one["name"], *sizes, tables.scaled(one)]))
    console.print(table)
    _line(
        console,
        f"{counted(len(content['networks']), 'network')}, {counted(content['seeds'], 'seed')} each, "
        f"{content['at_once']} at once: about {words.duration(3600 * content['hours'])}, and the attacks besides",
    )


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
