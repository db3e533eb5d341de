"""Evaluate by looking results up in a CSV file of architectures and their metrics."""

import csv
import gzip
import hashlib
import io
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, ClassVar

import numpy as np
from pydantic import BaseModel, PositiveInt

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.evaluators._guard import LARGEST_METRIC
from rnas.nas.evaluators.lookup import Lookup, Results, held_by
from rnas.nas.space import SearchSpace
from rnas.networks.architecture import Shape
from rnas.utils._regular_files import read_bytes
from rnas.utils.model import Model
from rnas.utils.quantities import PathField, parse_number

_KNOWN_PREFIXES = ("flops", "params", "macs")
_LARGEST = 512 * 1024**2
_LONGEST_LINE = 1024**2
_MOST_LINES = 2_000_000
_GZIP = b"\x1f\x8b"


class TableSettings(Model):
    """Hold ``{table: FILE, ...}`` of a config."""

    table: PathField
    """A CSV file with a header, which may be compressed with gzip."""
    architecture: str = "architecture"
    """Name of the column that holds architectures, in a notation that the space reads."""
    known: tuple[str, ...] = ()
    """Further columns that need no evaluation, in addition to those named ``flops...``, ``params...`` and ``macs...``.
    """
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (3, 32, 32)
    """Shape (C, H, W) of the images that the table was made with."""
    num_classes: PositiveInt = 10
    """Number of classes of these images."""


@dataclass(frozen=True)
class _Line:
    """Hold one row of the file: its number, and its cells by column."""

    number: int
    cells: Mapping[str, str]


class Table(Lookup):
    """Read results from a table. Each architecture has at most one row, which every notation of it finds.

    A cell that holds a finite number is a metric; any other is text and left alone. Rows that a narrowed space does
    not hold are passed over. An architecture without a row is not proposed; it fails, and what is known of it is NaN.

    Raises:
        InputError: the constructor raises it for a file, column or line that is wrong, and names them.
    """

    Settings: ClassVar[type[BaseModel]] = TableSettings

    def __init__(self, settings: TableSettings, space: SearchSpace) -> None:
        content = read_bytes(settings.table, _LARGEST)
        header, lines = _read(content, settings)
        held = held_by(
            space, [(f"line {line.number}", line.cells[settings.architecture]) for line in lines], settings.table
        )
        lines = [lines[number] for number, _ in held]
        columns = {name: np.array([_number(line.cells[name]) for line in lines]) for name in header}
        del columns[settings.architecture]
        for values in columns.values():
            if _few(values):
                # A key such as 48e55 reads as a number and is not one.
                values[np.abs(values) > LARGEST_METRIC] = np.nan
        metrics = {name: values for name, values in columns.items() if np.isfinite(values).any()}
        known = tuple(name for name in metrics if name in settings.known or name.lower().startswith(_KNOWN_PREFIXES))
        _check_known(header, lines, settings)
        _check_numbers(lines, settings, metrics)
        digest = hashlib.sha256(content).hexdigest()[:12]
        architectures = tuple(architecture for _, architecture in held)
        super().__init__(settings, Results(settings.table.name, digest, architectures, metrics, known))

    @classmethod
    def image_format(cls, settings: TableSettings) -> tuple[Shape, int]:
        """Return the shape of one image and the number of classes that the table was made with."""
        return settings.input_shape, settings.num_classes


def _read(content: bytes, settings: TableSettings) -> tuple[list[str], list[_Line]]:
    """Return header and rows of the file."""
    path = settings.table
    file: IO[bytes] = io.BytesIO(content)
    try:
        packed = gzip.GzipFile(fileobj=file) if content.startswith(_GZIP) else file
        reader = csv.reader(_lines(io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")), strict=True)
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV table ({error})") from None
    if len(rows) < 2:
        raise InputError(f"{path}: the table has no rows; it needs a header and at least one")
    header = [name.strip() for name in rows[0][1]]
    if "" in header:
        raise InputError(f"{path}: column {1 + header.index('')} of the header has no name; name it, or leave it out")
    if len(set(header)) < len(header):
        raise InputError(f"{path}: the header names a column twice")
    if settings.architecture not in header:
        raise InputError(f"{path}: no column {settings.architecture!r}; set architecture to one of {', '.join(header)}")
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            raise InputError(f"{path}, line {number}: {len(cells)} cells under a header of {len(header)}")
    return header, [_Line(number, dict(zip(header, cells, strict=True))) for number, cells in rows[1:]]


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a file, which may be much larger than it was before it was decompressed.

    Raises:
        csv.Error: a line or the whole is larger than that of any table.
    """
    read = number = 0
    while line := text.readline(_LONGEST_LINE):
        read, number = read + len(line), number + 1
        if len(line) == _LONGEST_LINE:
            raise csv.Error(f"line {number:,} has more than {_LONGEST_LINE:,} characters")
        if read > _LARGEST or number > _MOST_LINES:
            raise csv.Error(f"more than {_LARGEST:,} characters or {_MOST_LINES:,} lines")
        yield line


def _check_known(header: Sequence[str], lines: Sequence[_Line], settings: TableSettings) -> None:
    """Raise InputError if a column that is listed as known is missing or is not numeric."""
    for name in settings.known:
        if name not in header or name == settings.architecture:
            raise InputError(f"{settings.table}: no column {name!r}, which is listed as known")
        for line in lines:
            if math.isnan(_number(line.cells[name])):
                raise InputError(f"{settings.table}, line {line.number}: {name} is {line.cells[name]!r}, not a number")


def _check_numbers(lines: Sequence[_Line], settings: TableSettings, metrics: Mapping[str, Floats]) -> None:
    """Raise InputError if a column that is mostly numbers has a cell that is neither a number nor empty."""
    for name, values in metrics.items():
        few = _few(values)
        for line, value in zip(lines, values, strict=True):
            if abs(value) > LARGEST_METRIC:
                raise InputError(
                    f"{settings.table}, line {line.number}: {name} is {value:g}, beyond {LARGEST_METRIC:g}; scale it"
                )
            cell = line.cells[name].strip()
            if not few and math.isnan(value) and cell and cell.lower() != "nan":
                raise InputError(f"{settings.table}, line {line.number}: {name} is {cell!r}, not a number")


def _few(values: Floats) -> bool:
    """Return whether at most half of the cells of a column are numbers."""
    return bool(2 * np.isfinite(values).sum() <= len(values))


def _number(cell: str) -> float:
    """Return a cell as a finite number, or NaN."""
    try:
        return parse_number(cell)
    except ValueError:
        return math.nan
