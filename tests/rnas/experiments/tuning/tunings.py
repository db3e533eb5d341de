"""Small tunings on digits, a second or two each."""

from pathlib import Path
from typing import Any

import rnas
from rnas.experiments._references import resolve_reference
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.tuning.result import TuningResult
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.tuning import tuning_settings
from tests.rnas.experiments.training.trainings import NETWORK

SHORT: dict[str, Any] = {
    "data": "digits",
    "images": {"train": 120, "val": 40, "test": 60},
    "evaluation": {"steps": 1},
    "recipe": {"name": "sat", "inner_attack": {"steps": 1}},
    "fidelity": {"epochs": 2, "batch_size": 40},
    "device": "cpu",
}


def settings(space: Any = None, **changes: Any) -> TuningSettings:
    """Settings of a small tuning."""
    own = {"trials": 5, "sampler": "tpe", "pruner": "none"}
    training = {key: value for key, value in changes.items() if key in SHORT}
    own |= {key: value for key, value in changes.items() if key not in SHORT}
    return tuning_settings(resolve_settings(resolve_reference(NETWORK), {**SHORT, **training}), space, **own)


def tuned(path: Path, **changes: Any) -> TuningResult:
    """A small tuning in a new directory."""
    given = {"recipe": SHORT["recipe"], "epochs": 2, "batch_size": 40, "trials": 5, "pruner": "none", **changes}
    rest = {key: SHORT[key] for key in ("data", "images", "evaluation", "device")}
    return rnas.tune(NETWORK, output=path, **rest, **given)
