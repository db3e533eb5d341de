"""Read the public table NARes: ``evaluator: {nares: cifar10.jsonl}``.

NARes has 15,625 WideResNets that were adversarially trained on CIFAR-10, with the history of each training. Its file
has one JSON object a line.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field, field_validator

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Evaluation, Rung, Task
from rnas.nas.evaluators.lookup import Lookup, PublicTable, Results, held_by
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.utils._json_files import Content, checked_content, parse_json
from rnas.utils._regular_files import require_regular
from rnas.utils._text import shown
from rnas.utils.model import Model
from rnas.utils.quantities import PathField, format_size

EPOCHS = 100
"""Epochs of every training of the table."""

_IMAGES: tuple[Shape, int] = (3, 32, 32), 10
_LARGEST = 4 * 1024**3
_LONGEST_LINE = 4 * 1024**2
_STAGES = (1, 2, 3)
_COST_ERROR = 0.01
_UNITS = (1.0, 1e6)
_PERCENT = 100.0
_PACKED = (b"\xfd7zXZ", b"\x1f\x8b", b"BZh", b"PK\x03\x04")

_HISTORY = {
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

_TEST = {
    "test_clean_accuracy": "test_clean_acc",
    "test_robust_accuracy": "Linf_pgd_acc",
    "test_cw_accuracy": "Linf_cw_acc",
    "test_fgsm_accuracy": "Linf_fgsm_acc",
    "test_apgd_accuracy": "Linf_aa_acc",
    "test_perturbation_stability": "Linf_pgd_stable",
    "test_empirical_lipschitz": "Linf_pgd_lip",
}
"""The file's field of each metric on the test split."""

_CORRUPTION = "test_corruption_accuracy"
_LEVELS = ("1", "2", "3", "4", "5")


class _Arch(Content):
    D1: int
    W1: int
    D2: int
    W2: int
    D3: int
    W3: int


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


class NAResTableSettings(Model):
    """Hold ``{nares: FILE, ...}`` of a config."""

    nares: PathField
    """The file ``cifar10.jsonl`` that the authors publish."""
    rungs: tuple[int, ...] = ()
    """Epochs after which a training can be judged, ascending, each below 100. They are rungs of fidelity: a rung has
    the validation metrics of its best epoch so far, at a share of the cost.
    """

    @field_validator("rungs")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)) or any(not 1 <= epochs < EPOCHS for epochs in value):
            raise ValueError(f"write different numbers of epochs in ascending order, each from 1 to {EPOCHS - 1}")
        return value


class NAResTable(Lookup):
    """Read the results of WideResNets from the table NARes.

    ``robust_accuracy``, ``cw_accuracy`` and ``clean_accuracy`` are those of the best epoch on the validation images,
    under PGD-20, under CW-40 and without an attack. Metrics whose names begin with ``test_`` are measured on the test
    images: a result has them, but they cannot be objectives, because a search must not choose on the test split.

    Raises:
        InputError: the constructor raises it for a file or a line that is wrong, and names it.
    """

    Settings: ClassVar[type[BaseModel]] = NAResTableSettings
    about: ClassVar[PublicTable | None] = PublicTable(
        title="NARes",
        networks="15,625 WideResNets of 4 to 11 blocks and widenings 8 to 16 a stage",
        data="CIFAR-10",
        holds="100 epochs of adversarial training with PGD-7 at 8/255, one seed each; PGD-20, CW-40, APGD and "
        "corruptions at the epoch that is best under CW-40 on the 2,000 images of CIFAR-10.1",
        space="nares",
        licence="the code is under the MIT licence; the licence of the data is not stated",
        source="the releases of github.com/zhichao-lu/arch-dataset-adv-robustness: unpack nares.txz, and take "
        "cifar10.jsonl",
        citation="NARes: A Neural Architecture Dataset for Adversarial Robustness on WideResNet",
        caution="What the table calls AutoAttack is APGD on the cross-entropy and APGD on targets: it is the metric "
        "test_apgd_accuracy, and is higher than AutoAttack's. Corruptions are 19 types, not 15. A lower rung has what "
        "the long training had reached by then: its learning rate had not fallen.",
    )

    def __init__(self, settings: NAResTableSettings, space: SearchSpace) -> None:
        path = settings.nares
        trainings, digest = _read(path)
        held = held_by(space, [(training.place, training.notation) for training in trainings], path)
        trainings = [trainings[number] for number, _ in held]
        architectures = tuple(architecture for _, architecture in held)
        _require_costs(space, architectures, trainings, path)
        history = np.stack([training.history for training in trainings])
        best = np.array([training.best_epoch for training in trainings])
        metrics = _at(history, best) | {
            name: np.array([training.test[name] for training in trainings]) for name in (*_TEST, _CORRUPTION)
        }
        metrics = {name: values for name, values in metrics.items() if np.isfinite(values).any()}
        super().__init__(settings, Results(path.name, digest, architectures, metrics))
        self._history = history
        self._lower = {epochs: _at(history, _best_of_first(history, epochs)) for epochs in settings.rungs}

    @classmethod
    def image_format(cls, settings: NAResTableSettings) -> tuple[Shape, int]:
        """Return the shape of one image of CIFAR-10 and the number of its classes."""
        return _IMAGES

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest value of each validation metric at any rung; those of the test split cannot
        be objectives.
        """
        bounds = {name: bound for name, bound in super().bounds.items() if not name.startswith("test_")}
        for rung in self._lower.values():
            for name, (low, high) in bounds.items():
                bounds[name] = min(low, float(np.nanmin(rung[name]))), max(high, float(np.nanmax(rung[name])))
        return bounds

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return a rung for each of the setting's numbers of epochs, and that of the whole training."""
        lower = self.settings.rungs
        if not lower:
            return (Rung(),)
        return tuple(Rung({"epochs": epochs}, epochs / EPOCHS) for epochs in (*lower, EPOCHS))

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return the metrics of a training: of all its epochs, or at a lower rung those of its first epochs."""
        found = super().evaluate(task, context)
        row = self._rows.get(arch.key(task.architecture))
        if row is None:
            return found
        epochs = int(task.fidelity.get("epochs", EPOCHS))
        metrics = dict(found.metrics)
        if epochs < EPOCHS:
            metrics = {name: float(values[row]) for name, values in self._lower[epochs].items()}
        history = self._history[row, :, :epochs]
        curve = [
            {"epoch": float(1 + number), **_finite(dict(zip(_HISTORY, epoch, strict=True)))}
            for number, epoch in enumerate(history.T.tolist())
        ]
        return replace(found, metrics=_finite(metrics), curve=tuple(curve))


@dataclass(frozen=True)
class _Line:
    """Hold what one line of the file says: a training, its network, and the network's cost as the file has it.

    ``history`` has a row for each metric of ``_HISTORY`` and a column for each epoch.
    """

    place: str
    notation: str
    costs: tuple[float, float]
    history: Floats
    best_epoch: int
    test: Mapping[str, float]


def _read(path: Path) -> tuple[list[_Line], str]:
    """Return the trainings of a file, and a hash of its content."""
    require_regular(path)
    digest = hashlib.sha256()
    trainings = []
    for number, line in enumerate(_lines(path), 1):
        digest.update(line)
        if line.strip():
            place = f"line {number}"
            record = checked_content(parse_json(line, f"{path}, {place}"), _Record, f"{path}, {place}")
            trainings.append(_training(record, place, path))
    if not trainings:
        raise InputError(f"{path}: no record; give the file cifar10.jsonl of NARes")
    robust = np.stack([training.history for training in trainings])[:, list(_HISTORY).index("robust_accuracy")]
    if np.nanmax(robust) <= 1 / _PERCENT:
        raise InputError(f"{path}: pgd is at most {_PERCENT * np.nanmax(robust):g}; the table has it in per cent")
    return trainings, digest.hexdigest()[:12]


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


def _training(record: Mapping[str, Any], place: str, path: Path) -> _Line:
    network, training, test = record["arch"], record["train"][0], record["test_best"][0]
    depths, widths = ("-".join(str(network[f"{name}{stage}"]) for stage in _STAGES) for name in "DW")
    return _Line(
        place,
        f"D {depths} W {widths}",
        (record["MACs"], record["Params"]),
        _history(training, place, path),
        training["best_epoch"],
        {
            **{name: _value(name, test.get(field), f"{path}, {place}: {field}") for name, field in _TEST.items()},
            _CORRUPTION: _corruption_accuracy(test, f"{path}, {place}: corruptions"),
        },
    )


def _history(training: Mapping[str, Any], place: str, path: Path) -> Floats:
    """Return the metrics (metrics, epochs) of a training; NaN where the file has none."""
    history = np.full((len(_HISTORY), EPOCHS), np.nan)
    for row, (name, field) in enumerate(_HISTORY.items()):
        if training.get(field) is not None:
            history[row] = training[field]
            if name.endswith("accuracy"):
                history[row] /= _PERCENT
                if not ((history[row] >= 0) & (history[row] <= 1)).all():
                    raise InputError(f"{path}, {place}: {field} is not between 0 and {_PERCENT:g} per cent")
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
    values = [_value(_CORRUPTION, level["acc"], where) for levels in kinds.values() for level in levels.values()]
    return float(np.mean(values)) if values else math.nan


def _at(history: Floats, epochs: Integers) -> dict[str, Floats]:
    """Return the metrics (n,) of histories (n, metrics, epochs) at one epoch (n,) each."""
    return {name: history[np.arange(len(history)), row, epochs] for row, name in enumerate(_HISTORY)}


def _best_of_first(history: Floats, epochs: int) -> Integers:
    """Return the best (n,) of the first epochs, under CW, of histories (n, metrics, epochs)."""
    best: Integers = np.argmax(history[:, list(_HISTORY).index("cw_accuracy"), :epochs], axis=1)
    return best


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _require_costs(
    space: SearchSpace, architectures: Sequence[Architecture], trainings: Sequence[_Line], path: Path
) -> None:
    """Raise InputError if the file's costs are not those of the networks, which are counted or in millions."""
    costs = space.cost(np.stack([space.encode(architecture) for architecture in architectures]))
    exact = np.stack([costs.flops, costs.params], axis=1).astype(float)
    given = np.array([training.costs for training in trainings])
    unit = min(_UNITS, key=lambda unit: float(abs(np.log(unit * given[0] / exact[0])).max()))
    wrong = (abs(unit * given / exact - 1) > _COST_ERROR).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        macs, params = unit * given[row]
        raise InputError(
            f"{path}, {trainings[row].place}: {format_size(macs)} MACs and {format_size(params)} params; the network "
            f"{trainings[row].notation} has {format_size(exact[row, 0])} and {format_size(exact[row, 1])}"
        )
