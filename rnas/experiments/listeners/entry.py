"""Describe results and settings of any experiment in the words that trackers know: parameters, metrics, curves."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FrozenTrial

from rnas.data.loading import load_dataset
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import Experiment
from rnas.experiments.training.training import Training
from rnas.experiments.tuning._study import result_of
from rnas.nas.ledger import Record
from rnas.networks import architecture as arch

_LONGEST = 500
"""Characters of a parameter that every tracker takes."""

Parameter = str | int | float | bool


@dataclass(frozen=True)
class Entry:
    """Hold what a tracker writes of one result.

    Attributes:
        name: name within the experiment, such as ``0007-1a2b3c4d5e6f``: letters, digits, ``.``, ``_`` and ``-``. A
            result has the same name whenever the experiment is run.
        step: number of an evaluation or a trial, from 0, or of an epoch, from 1.
        metrics: finite numbers by name.
        parameters: what was evaluated, by name: key, seed, status, choices of the search space.
        curve: one mapping of finite numbers an epoch, in order.
        is_point: whether it belongs to the experiment's own curve, as the epoch of a training does.
        phase: part of the experiment that it belongs to, in the characters of a name; empty if there is only one.
    """

    name: str
    step: int
    metrics: Mapping[str, float]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    is_point: bool = False
    phase: str = ""


def entry_of(record: Any, phase: str) -> Entry | None:
    """Return the entry of a record that a listener hears of; None if it is of no known kind.

    Args:
        record: a record of a ledger with its evaluation, a trial of a tuning, or a row of a training's history.
        phase: part of the experiment that it belongs to; empty if there is only one.
    """
    phase = _safe(phase)
    prefix = f"{phase}-" if phase else ""
    if isinstance(record, Record) and record.evaluation is not None:
        evaluation = record.evaluation
        return Entry(
            f"{prefix}{record.number:04d}-{record.key}",
            record.number,
            _finite({**record.metrics, "seconds": evaluation.seconds}),
            {
                "key": record.key,
                "seed": record.seed,
                "status": record.status,
                "batch": record.batch,
                "rung": record.rung,
                "architecture": _short(arch.to_json(record.architecture)),
                **({"reason": _short(evaluation.reason)} if evaluation.reason else {}),
                **{f"parameter/{name}": value for name, value in _flat(record.parameters)},
                **{f"fidelity/{name}": value for name, value in _flat(record.fidelity)},
            },
            tuple(map(_finite, evaluation.curve)),
            phase=phase,
        )
    if isinstance(record, FrozenTrial):
        result = result_of(record)
        reached = {} if record.value is None else {"value": record.value}
        return Entry(
            f"{prefix}trial-{record.number:04d}",
            record.number,
            _finite({**reached, "seconds": result.get("seconds", 0.0)}),
            {"status": record.state.name.lower(), **{f"parameter/{key}": each for key, each in _flat(record.params)}},
            tuple(map(_finite, result.get("curve", ()))),
            phase=phase,
        )
    if isinstance(record, Mapping) and "epoch" in record:
        epoch = int(record["epoch"])
        return Entry(point_name(epoch), epoch, _finite(record), is_point=True)
    return None


def point_name(step: int) -> str:
    """Return the name of the entry of an epoch."""
    return f"epoch-{step:04d}"


def last_entry(experiment: Experiment[Any, Any]) -> Entry | None:
    """Return the accuracies on the test split of a training that has ended; None of any other experiment."""
    summary = experiment.summary if isinstance(experiment, Training) else None
    metrics = {}
    for name in ("best", "last"):
        test = ((summary or {}).get(name) or {}).get("test")
        if test:
            metrics[f"test_{name}_clean_accuracy"] = test["clean"]["accuracy"]
            metrics |= {f"test_{name}_{attack['name']}_accuracy": attack["accuracy"] for attack in test["attacks"]}
    step = 0 if summary is None else summary["epochs_done"]
    return Entry("test", step, _finite(metrics), parameters_of(experiment)) if metrics else None


def parameters_of(experiment: Experiment[Any, Any]) -> dict[str, Parameter]:
    """Return the kind and the settings of an experiment by their keys, such as ``evaluator.train.eps``.

    An experiment on one network has its key, params and FLOPs, too.
    """
    content = experiment.settings.model_dump(mode="json", exclude_none=True)
    return {"kind": experiment.kind, **_network(experiment), **dict(_flat(content))}


def _network(experiment: Experiment[Any, Any]) -> dict[str, Parameter]:
    settings = getattr(experiment.settings, "training", experiment.settings)
    described = getattr(settings, "architecture", None)
    if described is None or not isinstance(settings, ResolvedTraining):
        return {}
    architecture, dataset = arch.from_dict(described), load_dataset(settings.data, settings.data_dir)
    cost = architecture.cost(dataset.input_shape, dataset.num_classes)
    return {"key": arch.key(architecture), "params": cost.params, "flops": cost.flops}


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Parameter]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{name}", value
        else:
            yield f"{prefix}{name}", _short(value if isinstance(value, str) else json.dumps(value, default=str))


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
