"""Store weights of a training with a JSON file that describes them and has their hash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from torch import Tensor

from rnas.errors import InputError
from rnas.experiment import RESULT, kind_at
from rnas.experiments.training.settings import KIND, TrainingRunSettings
from rnas.networks import architecture as arch
from rnas.networks._exported import write_described
from rnas.networks.architecture import Architecture, Shape
from rnas.utils._json_files import read_json
from rnas.utils._yaml_files import explained
from rnas.utils.files import file_hash, write_text

SCHEMA_VERSION = 1

BEST, LAST = "best.safetensors", "last.safetensors"
"""Names of the files of the best and of the last epoch's weights."""


@dataclass(frozen=True)
class Checkpoint:
    """Describe the weights after an epoch.

    Attributes:
        path: the safetensors file; the JSON file of the same name is in the same folder.
        architecture: the network.
        input_shape: (C, H, W) of the images that it was trained on.
        num_classes: number of their classes.
        settings: settings of its training.
        epoch: epoch of the training, from 1.
        val: ``clean_accuracy``, ``robust_accuracy`` and ``robust_margin`` on the val split.
        sha256: hash of the safetensors file, in hexadecimal.
        provenance: hashes of recipe and data, versions and device, as JSON values.
    """

    path: Path
    architecture: Architecture
    input_shape: Shape
    num_classes: int
    settings: TrainingRunSettings
    epoch: int
    val: Mapping[str, float]
    sha256: str
    provenance: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the checkpoint of a safetensors file.

        Raises:
            InputError: it or its JSON file is missing or damaged, or they do not belong together.
        """
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        description = description_of(path)
        try:
            content = read_json(description)
        except InputError as error:
            raise InputError(f"{error}; it belongs to {path.name}") from None
        try:
            checkpoint = cls._of(path, content)
        except ValidationError as error:
            raise explained(error, f"{description}: settings") from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__} {error}"
            raise InputError(
                f"{description}: does not describe a checkpoint ({reason}); restore it from a copy"
            ) from None
        found = file_hash(path)
        if found != checkpoint.sha256:
            raise InputError(
                f"{path}: its sha256 is {found[:12]}..., and {description.name} is of weights whose sha256 is "
                f"{checkpoint.sha256[:12]}...: one of them was changed; {_remedy(path.parent)}"
            )
        return checkpoint

    @classmethod
    def _of(cls, path: Path, content: Mapping[str, Any]) -> Self:
        channels, height, width = content["input_shape"]
        return cls(
            path=path,
            architecture=arch.from_dict(content["architecture"]),
            input_shape=(int(channels), int(height), int(width)),
            num_classes=int(content["num_classes"]),
            settings=TrainingRunSettings.model_validate(content["settings"]),
            epoch=int(content["epoch"]),
            val={name: float(value) for name, value in content["val"].items()},
            sha256=str(content["sha256"]),
            provenance=dict(content["provenance"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the description of the weights as JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "architecture": arch.to_dict(self.architecture),
            "input_shape": list(self.input_shape),
            "num_classes": self.num_classes,
            "epoch": self.epoch,
            "val": dict(self.val),
            "sha256": self.sha256,
            "settings": self.settings.model_dump(mode="json"),
            "provenance": dict(self.provenance),
        }


def description_of(path: Path) -> Path:
    """Return the path of the JSON file that describes a file of weights."""
    return path.with_suffix(".json")


def _remedy(folder: Path) -> str:
    if kind_at(folder) == KIND and not (folder / RESULT).exists():
        return f"the training that writes them makes both again: rnas resume {folder}"
    return "restore both from a copy"


def write_weights(path: Path, weights: Mapping[str, Tensor], description: Mapping[str, Any]) -> str:
    """Write weights by the network's names, with a description of network and data, and return the file's hash."""
    write_described(path, weights, description)
    return file_hash(path)


def write_description(checkpoint: Checkpoint) -> None:
    """Write the description of the weights."""
    write_text(description_of(checkpoint.path), json.dumps(checkpoint.to_dict(), indent=2, allow_nan=False) + "\n")
