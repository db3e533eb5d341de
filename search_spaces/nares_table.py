"""Read the public table NARes: ``evaluator: {nares: cifar10.jsonl}``.

NARes has 15,625 WideResNets that were adversarially trained on CIFAR-10, with the history of each training. Its file
has one JSON object a line.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, field_validator

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Evaluation, Rung, Task
from rnas.nas.evaluators.lookup import Lookup, PublicTable, Results, held_by
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.utils.model import Model
from rnas.utils.quantities import PathField, format_size
from search_spaces.nares_file import CORRUPTION, EPOCHS, HISTORY, TEST, Trainings, read

_IMAGES: tuple[Shape, int] = (3, 32, 32), 10
_COST_ERROR = 0.01
_UNITS = (1.0, 1e6)


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
        trainings, digest = read(path)
        rows = range(len(trainings))
        held = held_by(space, [(trainings.place(row), trainings.notation(row)) for row in rows], path)
        trainings = trainings.at([row for row, _ in held])
        architectures = tuple(architecture for _, architecture in held)
        _require_costs(space, architectures, trainings, path)
        history = trainings.history
        metrics = _at(history, trainings.best_epochs) | dict(
            zip((*TEST, CORRUPTION), trainings.test.T.copy(), strict=True)
        )
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
            {"epoch": float(1 + number), **_finite(dict(zip(HISTORY, epoch, strict=True)))}
            for number, epoch in enumerate(history.T.tolist())
        ]
        return replace(found, metrics=_finite(metrics), curve=tuple(curve))


def _at(history: Floats, epochs: Integers) -> dict[str, Floats]:
    """Return the metrics (n,) of histories (n, metrics, epochs) at one epoch (n,) each."""
    return {name: history[np.arange(len(history)), row, epochs] for row, name in enumerate(HISTORY)}


def _best_of_first(history: Floats, epochs: int) -> Integers:
    """Return the best (n,) of the first epochs, under CW, of histories (n, metrics, epochs)."""
    best: Integers = np.argmax(history[:, list(HISTORY).index("cw_accuracy"), :epochs], axis=1)
    return best


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _require_costs(space: SearchSpace, architectures: Sequence[Architecture], trainings: Trainings, path: Path) -> None:
    """Raise InputError if the file's costs are not those of the networks, which are counted or in millions."""
    costs = space.cost(np.stack([space.encode(architecture) for architecture in architectures]))
    exact = np.stack([costs.flops, costs.params], axis=1).astype(float)
    given = trainings.costs
    unit = min(_UNITS, key=lambda unit: float(abs(np.log(unit * given[0] / exact[0])).max()))
    wrong = (abs(unit * given / exact - 1) > _COST_ERROR).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        macs, params = unit * given[row]
        raise InputError(
            f"{path}, {trainings.place(row)}: {format_size(macs)} MACs and {format_size(params)} params; the network "
            f"{trainings.notation(row)} has {format_size(exact[row, 0])} and {format_size(exact[row, 1])}"
        )
