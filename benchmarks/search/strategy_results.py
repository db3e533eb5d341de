"""Store results of searches in a file, one line of JSON each, so that a comparison can be resumed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark_table import BenchmarkTable
from one_search import Conditions

Line = dict[str, Any]


def conditions_of(line: Mapping[str, Any]) -> Conditions:
    """Return the conditions of a line."""
    return Conditions(**{name: line.get(name, default) for name, default in asdict(Conditions()).items()})


def lines(file: Path) -> list[Line]:
    """Read all lines of a file, without a last line that a kill cut short; none if there is no file."""
    found = []
    for text in file.read_text().splitlines() if file.exists() else []:
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return found


def read(file: Path, table: BenchmarkTable) -> list[Line]:
    """Read the lines of the present table."""
    return [line for line in lines(file) if (line["table"], line["table_hash"]) == (table.name, table.hash)]


def append(file: Path, line: Line) -> None:
    """Append a line, on a new line even after one that was cut short."""
    with file.open("a+b") as stream:
        if stream.tell() > 0:
            stream.seek(-1, 2)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(f"{json.dumps(line)}\n".encode())
