"""A replication on the terminal: its design before, its verdict after."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.experiments.replications.run import estimates
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.networks import architecture as arch
from rnas.report import replication_text
from rnas.report.description import describe
from rnas.utils.quantities import counted, format_size


def print_replication(console: Console, replication: Mapping[str, Any]) -> None:
    """Claims, verdict, and what a reader must know."""
    _heading(console, replication)
    table = Table(box=None, pad_edge=False)
    for heading in ("claim", "expected", "found [interval]", "p (Holm)", "verdict"):
        table.add_column(Text(heading))
    for claim in replication["claims"]:
        table.add_row(
            Text(claim["statement"]),
            replication_text.expected_text(claim),
            Text(replication_text.estimate_text(claim)),
            replication_text.p_text(claim),
            claim["verdict"],
        )
    console.print(table)
    _line(console, replication_text.verdict_sentence(replication))
    _line(console, f"{replication_text.setting_sentence(replication)}.")
    for note in replication_text.notes(replication):
        _line(console, note)


def design_content(settings: ReplicationSettings, workers: int | None) -> dict[str, Any]:
    """The cells of a replication with their costs, and what running it would take here.

    The time of a training is measured for the cheapest and the dearest cell, and taken to grow linearly with FLOPs.
    """
    replication, cells = settings.definition, settings.design()
    print("measuring the cheapest and the dearest cell ...", file=sys.stderr)
    measured, at_once = estimates(settings, workers)
    flops = [cell.flops for cell, _ in measured]
    seconds = np.interp([cell.flops for cell in cells], flops, [estimate.seconds for _, estimate in measured])
    return {
        "replication": replication.name,
        "title": replication.title,
        "paper": replication.paper,
        "section": replication.section,
        "observation": replication.observation,
        "claims": [
            {"statement": claim.statement, "expected": claim.expected, "bound": claim.bound * claim.scale}
            for claim in replication.claims(cells)
        ],
        "cells": [
            {
                "factors": dict(cell.factors),
                "recipe": dict(cell.recipe),
                "key": arch.key(cell.architecture),
                "architecture": arch.to_dict(cell.architecture),
                "flops": cell.flops,
                "params": cell.params,
                "seconds": float(time),
            }
            for cell, time in zip(cells, seconds, strict=True)
        ],
        "seeds": settings.seeds,
        "trainings": len(cells) * settings.seeds,
        "at_once": at_once,
        "hours": float(seconds.sum()) * settings.seeds / at_once / 3600,
        "settings": settings.model_dump(mode="json"),
    }


def print_design(console: Console, content: Mapping[str, Any]) -> None:
    """The claims that the replication tests, its design and its bill, for people."""
    _heading(console, content)
    for number, claim in enumerate(content["claims"], 1):
        _line(console, f"{number}. {claim['statement']}")
    table = Table(box=None, pad_edge=False)
    factors = list(dict.fromkeys(name for cell in content["cells"] for name in cell["factors"]))
    for name in factors:
        table.add_column(name)
    for heading in ("FLOPs", "params", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("network")
    for cell in content["cells"]:
        levels = [replication_text.level_text(cell["factors"].get(name, "")) for name in factors]
        sizes = [format_size(cell["flops"]), format_size(cell["params"]), f"{cell['seconds']:.1f}"]
        table.add_row(*levels, *sizes, describe(cell["architecture"]))
    console.print(table)
    hours = content["hours"]
    total = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
    _line(
        console,
        f"{counted(len(content['cells']), 'cell')}, {counted(content['seeds'], 'seed')} each, "
        f"{content['at_once']} at once: about {total}",
    )


def _heading(console: Console, replication: Mapping[str, Any]) -> None:
    _line(console, f"{replication['title']} ({replication['paper'].partition(':')[0]}; {replication['section']})")
    _line(console, replication["observation"])


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
