"""Write what people read of a search: its report, its front as a table, and the front's architectures."""

import json
from pathlib import Path
from typing import Any

from rnas.experiment import REPORT
from rnas.nas._members import knee
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.report import _final_evaluation as final_evaluation
from rnas.report import _front_table as front
from rnas.report._blocks import Block, Heading
from rnas.report._html import render
from rnas.report.supernet import cost_sentence
from rnas.utils.files import write_text

FRONT = "pareto.csv"
ARCHITECTURES = "architectures"


def content_of(result: SearchResult) -> dict[str, Any]:
    """Return a result as JSON values, with the key of the front's knee, or None, and the number of classes."""
    bend = knee(result) if result.front() else None
    return {
        **result.to_dict(),
        "knee": None if bend is None else bend.key,
        "num_classes": result.setup.space.num_classes,
    }


def blocks(result: SearchResult) -> list[Block]:
    """Return the front of a search, and what its final evaluation found."""
    if result.records and not result.complete:
        return []
    content = content_of(result)
    shown = front.blocks(content)
    if content["final_evaluation"]:
        shown += [Heading("Final evaluation of the front"), *final_evaluation.blocks(content["final_evaluation"])]
    if result.cost is not None:
        shown.append(cost_sentence(result.cost))
    return shown


def write(result: SearchResult, path: Path) -> None:
    """Write ``report.html``, ``pareto.csv`` and ``architectures/KEY.json`` for each member of the front.

    Files of architectures that left the front are removed.

    Args:
        result: of the search.
        path: its directory.
    """
    content = content_of(result)
    write_text(path / REPORT, render(content))
    write_text(path / FRONT, front.pareto_csv(content))
    folder = path / ARCHITECTURES
    folder.mkdir(exist_ok=True)
    members = {f"{record.key}.json": record.architecture for record in result.front()}
    for name, architecture in members.items():
        write_text(folder / name, json.dumps(arch.to_dict(architecture), indent=2) + "\n")
    for file in folder.glob("*.json"):
        if file.name not in members:
            file.unlink()
