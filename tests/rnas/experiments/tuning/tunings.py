"""Small tunings on digits, a second or two each."""

from pathlib import Path
from typing import Any

import rnas
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.tune import TuningRun, prepare
from tests.rnas.experiments.training.trainings import NETWORK

SHORT: dict[str, Any] = {
    "data": "digits",
    "images": {"train": 120, "val": 40, "test": 60},
    "evaluation": {"steps": 1},
    "recipe": {"name": "sat", "inner_attack": {"steps": 1}},
    "fidelity": {"epochs": 2, "batch_size": 40},
    "device": "cpu",
}


def settings(path: Path, space: Any = None, **changes: Any) -> TuningSettings:
    """Settings of a small tuning, whose directory is made."""
    own = {"trials": 5, "sampler": "tpe", "pruner": "none"}
    training = {key: value for key, value in changes.items() if key in SHORT}
    own |= {key: value for key, value in changes.items() if key not in SHORT}
    return prepare(NETWORK, {**SHORT, **training}, space, run=path, **own)[1]


def tuned(path: Path, **changes: Any) -> TuningRun:
    """A small tuning in a new directory."""
    given = {"recipe": SHORT["recipe"], "epochs": 2, "batch_size": 40, "trials": 5, "pruner": "none", **changes}
    rest = {key: SHORT[key] for key in ("data", "images", "evaluation", "device")}
    return rnas.tune(NETWORK, output=path, **rest, **given)
