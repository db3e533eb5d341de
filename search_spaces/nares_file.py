"""Read the file of NARes, which has one JSON object a line, and keep what was read for the next time."""

import hashlib
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.utils._directories import user_cache
from rnas.utils._json_files import Content, checked_content, parse_json
from rnas.utils._regular_files import require_regular
from rnas.utils._text import shown
from rnas.utils.files import file_hash

EPOCHS = 100
"""Epochs of every training of the table."""

_LARGEST = 4 * 1024**3
_LONGEST_LINE = 4 * 1024**2
_LARGE = 32 * 1024**2
"""Size of a file from which on it takes long to read, so that what was read is kept."""

_FORMAT = 1
"""Number of the form in which it is kept; another form has another number."""

_STAGES = (1, 2, 3)
_PERCENT = 100.0
_PACKED = (b"\xfd7zXZ", b"\x1f\x8b", b"BZh", b"PK\x03\x04")

HISTORY = {
    "clean_accuracy": "val_acc",
    "robust_accuracy": "pgd",
    "cw_accuracy": "cw",
    "perturbation_stability": "pgd_stable",
    "empirical_lipschitz": "pgd_lip",
    "val_loss": "val_loss",
    "train_accuracy": "train_acc",
    "train_loss": "train_loss",
}
"""The file's list of each metric of an epoch."""

TEST = {
    "test_clean_accuracy": "test_clean_acc",
    "test_robust_accuracy": "Linf_pgd_acc",
    "test_cw_accuracy": "Linf_cw_acc",
    "test_fgsm_accuracy": "Linf_fgsm_acc",
    "test_apgd_accuracy": "Linf_aa_acc",
    "test_perturbation_stability": "Linf_pgd_stable",
    "test_empirical_lipschitz": "Linf_pgd_lip",
}
"""The file's field of each metric on the test split."""

CORRUPTION = "test_corruption_accuracy"
_LEVELS = ("1", "2", "3", "4", "5")


_Count = Annotated[int, Field(ge=1, le=1000)]


class _Arch(Content):
    D1: _Count
    W1: _Count
    D2: _Count
    W2: _Count
    D3: _Count
    W3: _Count


_Epochs = Annotated[list[float], Field(min_length=EPOCHS, max_length=EPOCHS)]


class _Training(Content):
    best_epoch: int = Field(ge=0, lt=EPOCHS)
    val_acc: _Epochs
    pgd: _Epochs
    cw: _Epochs
    pgd_stable: _Epochs | None = None
    pgd_lip: _Epochs | None = None
    val_loss: _Epochs | None = None
    train_acc: _Epochs | None = None
    train_loss: _Epochs | None = None


class _Level(Content):
    acc: float


class _Test(Content):
    corruptions: dict[str, dict[str, _Level]] | None = None


class _Record(Content):
    arch_id: int
    arch: _Arch
    MACs: float = Field(gt=0)
    Params: float = Field(gt=0)
    train: list[_Training] = Field(min_length=1, max_length=1)
    test_best: list[_Test] = Field(min_length=1, max_length=1)


@dataclass(frozen=True)
class Trainings:
    """Hold what a file says of ``n`` trainings, each of another network.

    Attributes:
        lines: (n,) number of the line of each training.
        depths: (n, 3) blocks of each stage.
        widths: (n, 3) widening of each stage.
        costs: (n, 2) MACs and parameters as the file has them, counted or in millions.
        history: (n, metrics, epochs) metrics of ``HISTORY``, in its order; NaN where the file has none.
        best_epochs: (n,) the best epoch, counted from 0.
        test: (n, metrics) metrics of ``TEST``, in its order, and ``CORRUPTION``; NaN where the file has none.
    """

    lines: Integers
    depths: Integers
    widths: Integers
    costs: Floats
    history: Floats
    best_epochs: Integers
    test: Floats

    def __len__(self) -> int:
        """Return the number of trainings."""
        return len(self.lines)

    def at(self, rows: list[int]) -> "Trainings":
        """Return some of the trainings."""
        return Trainings(*(getattr(self, each.name)[rows] for each in fields(self)))

    def place(self, row: int) -> str:
        """Return the place of a training in the file."""
        return f"line {self.lines[row]}"

    def notation(self, row: int) -> str:
        """Return the network of a training as search spaces read it."""
        depths, widths = ("-".join(map(str, values[row])) for values in (self.depths, self.widths))
        return f"D {depths} W {widths}"


def read(path: Path) -> tuple[Trainings, str]:
    """Return the trainings of a file, and a hash of its content.

    What a large file contains is written to the user's cache directory. It is read from there if the file's content is
    the same.

    Raises:
        InputError: the file cannot be read, or a line is wrong; it names the line.
    """
    require_regular(path)
    try:
        size = path.stat().st_size
        large = _LARGE <= size <= _LARGEST
        digest = file_hash(path) if large else ""
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    kept = _kept(digest) if large else None
    if kept is None:
        kept, digest = _parsed(path)
        if large:
            _keep(kept, digest)
    return kept, digest[:12]


def _file(digest: str) -> Path:
    """Return where the trainings of a file with this hash are kept."""
    return user_cache() / f"nares-{_FORMAT}-{digest}.npz"


def _kept(digest: str) -> Trainings | None:
    """Return the trainings that were kept of a file; None if there are none, or they cannot be read."""
    try:
        with _file(digest).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = Trainings(*(archive[each.name] for each in fields(Trainings)))
    except (OSError, RuntimeError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
        return None
    n = len(found)
    shapes = [(n,), (n, 3), (n, 3), (n, 2), (n, len(HISTORY), EPOCHS), (n,), (n, len(TEST) + 1)]
    kinds = "iiiffif"
    arrays = [getattr(found, each.name) for each in fields(found)]
    if n == 0 or [(each.shape, each.dtype.kind) for each in arrays] != list(zip(shapes, kinds, strict=True)):
        return None
    return found


def _keep(trainings: Trainings, digest: str) -> None:
    """Keep the trainings of a file; a directory that cannot be written only means that the file is read again."""
    # Not every user has a home directory.
    with suppress(OSError, RuntimeError):
        path = _file(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may keep the same file at once.
        handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **{each.name: getattr(trainings, each.name) for each in fields(trainings)})
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise


def _parsed(path: Path) -> tuple[Trainings, str]:
    """Read a file line by line, and return its trainings and the hash of its content."""
    digest = hashlib.sha256()
    rows: list[tuple[Any, ...]] = []
    for number, line in enumerate(_lines(path), 1):
        digest.update(line)
        if line.strip():
            where = f"{path}, line {number}"
            record = checked_content(parse_json(line, where), _Record, where)
            network, training, test = record["arch"], record["train"][0], record["test_best"][0]
            rows.append(
                (
                    number,
                    *([network[f"{letter}{stage}"] for stage in _STAGES] for letter in "DW"),
                    (float(record["MACs"]), float(record["Params"])),
                    _history(training, where),
                    training["best_epoch"],
                    [
                        *(_value(name, test.get(field), f"{where}: {field}") for name, field in TEST.items()),
                        _corruption_accuracy(test, f"{where}: corruptions"),
                    ],
                )
            )
    if not rows:
        raise InputError(f"{path}: no record; give the file cifar10.jsonl of NARes")
    trainings = Trainings(*map(np.array, zip(*rows, strict=True)))
    robust = trainings.history[:, list(HISTORY).index("robust_accuracy")]
    if np.nanmax(robust) <= 1 / _PERCENT:
        raise InputError(f"{path}: pgd is at most {_PERCENT * np.nanmax(robust):g}; the table has it in per cent")
    return trainings, digest.hexdigest()


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file of bounded size."""
    size = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                size += len(line)
                if len(line) == _LONGEST_LINE or size > _LARGEST:
                    raise InputError(f"{path}: larger than NARes is, in a line or as a whole; give its cifar10.jsonl")
                if size == len(line) and line.startswith(_PACKED):
                    raise InputError(f"{path}: compressed; unpack it with: tar -xJf {path.name}")
                yield line
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _history(training: Mapping[str, Any], where: str) -> Floats:
    """Return the metrics (metrics, epochs) of a training; NaN where the file has none."""
    history = np.full((len(HISTORY), EPOCHS), np.nan)
    for row, (name, field) in enumerate(HISTORY.items()):
        if training.get(field) is not None:
            history[row] = training[field]
            if name.endswith("accuracy"):
                history[row] /= _PERCENT
                if not ((history[row] >= 0) & (history[row] <= 1)).all():
                    raise InputError(f"{where}: {field} is not between 0 and {_PERCENT:g} per cent")
    return history


def _value(name: str, value: Any, where: str) -> float:
    """Return a number of the file as a metric; NaN for one that is missing."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where} is {shown(value)}, not a number")
    if not name.endswith("accuracy"):
        return float(value)
    if not 0 <= value <= _PERCENT:
        raise InputError(f"{where} is {value:g}, not between 0 and {_PERCENT:g} per cent")
    return value / _PERCENT


def _corruption_accuracy(test: Mapping[str, Any], where: str) -> float:
    """Return the mean accuracy over all types and levels; NaN if there are none."""
    kinds = test.get("corruptions") or {}
    for kind, levels in kinds.items():
        if tuple(sorted(levels)) != _LEVELS:
            raise InputError(f"{where}: {shown(kind)} has not the levels 1 to 5")
    values = [_value(CORRUPTION, level["acc"], where) for levels in kinds.values() for level in levels.values()]
    return float(np.mean(values)) if values else math.nan
