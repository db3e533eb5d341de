"""A comparison on the terminal: its networks before, its table after."""

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.evaluation.training_settings import load_dataset
from rnas.experiments.comparison.run import bills
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.report import comparison_tables as tables
from rnas.report import comparison_text as words
from rnas.utils.quantities import counted, format_size


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
    tested = f"Tukey's test of all pairs, {100 * content['look_level']:.3g} %"
    _line(console, f"Letters: networks that share one are not told apart ({tested}).")
    for note in words.notes(content):
        _line(console, note)
    for failure in content["failures"]:
        _line(console, f"{failure['network']}, seed {failure['seed']}: {failure['status']}: {failure['reason']}")


def design_content(settings: ComparisonSettings, workers: int | None) -> dict[str, Any]:
    """The networks at their FLOPs, and what tuning and training them would take here.

    The time of a training of each is measured, with quick attacks at its end. ``most_trainings`` and ``most_hours`` are
    what it takes where nothing is ever decided.
    """
    dataset = load_dataset(settings.training.data, settings.training.data_dir)
    print("measuring a few steps of each network ...", file=sys.stderr)
    measured, at_once = bills(settings, workers)
    tuning = settings.tuning
    tuned = 0 if tuning is None else tuning.trials * tuning.epochs
    tunings = [tuned * sum(work.seconds for work in bill.work[:2]) for bill in measured]
    networks = [
        {
            **one.facts(settings.flops, dataset.input_shape, dataset.num_classes),
            "seconds": bill.seconds,
            "tuning_seconds": seconds,
        }
        for one, bill, seconds in zip(settings.networks, measured, tunings, strict=True)
    ]

    def hours(seeds: int) -> float:
        return (sum(tunings) + seeds * sum(bill.seconds for bill in measured)) / at_once / 3600

    return {
        "networks": networks,
        "seeds": settings.seeds,
        "trainings": len(networks) * settings.seeds,
        "most_trainings": len(networks) * settings.most_seeds,
        "tuning_trials": 0 if tuning is None else len(networks) * tuning.trials,
        "at_once": at_once,
        "hours": hours(settings.seeds),
        "most_hours": hours(settings.most_seeds),
        "settings": settings.model_dump(mode="json"),
    }


def print_design(console: Console, content: Mapping[str, Any]) -> None:
    """The networks of a comparison and its bill, for people."""
    table = Table(box=None, pad_edge=False)
    for heading, side in (("network", "left"), ("FLOPs", "right"), ("params", "right"), ("a training", "right")):
        table.add_column(heading, justify="right" if side == "right" else "left")
    if content["tuning_trials"]:
        table.add_column("its tuning", justify="right")
    table.add_column("how it came to its FLOPs")
    for one in content["networks"]:
        sizes = [format_size(one["flops"]), format_size(one["params"]), words.duration(one["seconds"])]
        sizes += [words.duration(one["tuning_seconds"])] if content["tuning_trials"] else []
        table.add_row(*map(Text, [one["name"], *sizes, tables.scaled(one)]))
    console.print(table)
    parts = [counted(len(content["networks"]), "network")]
    if content["tuning_trials"]:
        parts.append(f"{counted(content['tuning_trials'] // len(content['networks']), 'trial')} to tune each")
    took = words.duration(3600 * content["hours"])
    if content["most_trainings"] > content["trainings"]:
        most = content["most_trainings"] // len(content["networks"])
        parts.append(f"{counted(content['seeds'], 'seed')} each and up to {most} where undecided")
        took = f"{took} to {words.duration(3600 * content['most_hours'])}"
    else:
        parts.append(f"{counted(content['seeds'], 'seed')} each")
    _line(console, f"{', '.join(parts)}, {content['at_once']} at once: about {took}, and the attacks besides")


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
