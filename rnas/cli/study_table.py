"""A study on the terminal: its design before, its verdict after."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas import architecture as arch
from rnas.quantities import counted, format_size
from rnas.report import study_text
from rnas.report.description import describe
from rnas.studies.run import cost_estimates
from rnas.studies.settings import StudySettings


def print_study(console: Console, study: Mapping[str, Any]) -> None:
    """Claims, verdict, and what a reader must know."""
    _heading(console, study)
    table = Table(box=None, pad_edge=False)
    for heading in ("claim", "expected", "found [interval]", "p (Holm)", "verdict"):
        table.add_column(Text(heading))
    for claim in study["claims"]:
        table.add_row(
            Text(claim["statement"]),
            study_text.expected_text(claim),
            Text(study_text.estimate_text(claim)),
            study_text.p_text(claim),
            claim["verdict"],
        )
    console.print(table)
    _line(console, study_text.verdict_sentence(study))
    _line(console, f"{study_text.setting_sentence(study)}.")
    for note in study_text.notes(study):
        _line(console, note)


def design_content(settings: StudySettings, workers: int | None) -> dict[str, Any]:
    """The cells of a study with their costs, and what running it would take here.

    The time of a training is measured for the cheapest and the dearest cell, and taken to grow linearly with FLOPs.
    """
    study, cells = settings.definition, settings.design()
    print("measuring the cheapest and the dearest cell ...", file=sys.stderr)
    measured, at_once = cost_estimates(settings, workers)
    flops = [cell.flops for cell, _ in measured]
    seconds = np.interp([cell.flops for cell in cells], flops, [estimate.seconds for _, estimate in measured])
    return {
        "study": study.name,
        "title": study.title,
        "paper": study.paper,
        "section": study.section,
        "observation": study.observation,
        "claims": [
            {"statement": claim.statement, "expected": claim.expected, "bound": claim.bound * claim.scale}
            for claim in study.claims(cells)
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
    """The claims that the study tests, its design and its cost estimate, for people."""
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
        levels = [study_text.level_text(cell["factors"].get(name, "")) for name in factors]
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


def _heading(console: Console, study: Mapping[str, Any]) -> None:
    _line(console, f"{study['title']} ({study['paper'].partition(':')[0]}; {study['section']})")
    _line(console, study["observation"])


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
