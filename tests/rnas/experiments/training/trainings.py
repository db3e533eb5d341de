"""Small trainings on digits, a fraction of a second each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

import rnas
from rnas.experiments.training.result import TrainingResult
from rnas.networks.residual import ResidualNetwork

NETWORK = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)

SHORT: dict[str, Any] = {
    "data": "digits",
    "epochs": 3,
    "batch_size": 40,
    "images": {"train": 120, "val": 40, "test": 60},
    "attacks": ("fgsm",),
    "evaluation": {"steps": 2},
    "device": "cpu",
}


def trained(path: Path, recipe: Any = "sat", **changes: Any) -> TrainingResult:
    """A training of the small network in a new directory."""
    return rnas.train(NETWORK, recipe, output=path, **{**SHORT, **changes})


def weights(run: TrainingResult) -> dict[str, Tensor]:
    """All tensors that a training leaves, by file and name."""
    files = {name: load_file(run.path / f"{name}.safetensors") for name in ("best", "last", "state")}
    return {f"{file}.{name}": tensor for file, tensors in files.items() for name, tensor in tensors.items()}


def timeless(value: Any) -> Any:
    """A JSON value without its seconds."""
    if isinstance(value, Mapping):
        return {key: timeless(inner) for key, inner in value.items() if "seconds" not in key}
    return [timeless(inner) for inner in value] if isinstance(value, list | tuple) else value
