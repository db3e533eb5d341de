"""Write what people read of a search: its report, its front as a table, and the front's architectures."""

import json
from pathlib import Path

from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.report._html import render
from rnas.report._table import pareto_csv
from rnas.utils.files import write_text

REPORT = "report.html"
FRONT = "pareto.csv"
ARCHITECTURES = "architectures"


def write(result: SearchResult, path: Path) -> None:
    """Write ``report.html``, ``pareto.csv`` and ``architectures/KEY.json`` for each member of the front.

    Files of architectures that left the front are removed.

    Args:
        result: of the search.
        path: its directory.
    """
    content = result.to_dict()
    write_text(path / REPORT, render(content))
    write_text(path / FRONT, pareto_csv(content))
    folder = path / ARCHITECTURES
    folder.mkdir(exist_ok=True)
    front = {f"{record.key}.json": record.architecture for record in result.front()}
    for name, architecture in front.items():
        write_text(folder / name, json.dumps(arch.to_dict(architecture), indent=2) + "\n")
    for file in folder.glob("*.json"):
        if file.name not in front:
            file.unlink()
