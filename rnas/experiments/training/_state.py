"""Store the state of a training after an epoch; all other files of its directory follow from this file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from safetensors import SafetensorError, safe_open
from torch import Tensor

from rnas.errors import InputError
from rnas.experiments.training._history import HISTORY, Epoch, Row
from rnas.utils._json_files import Content, checked_content, parse_json
from rnas.utils.files import plain, tensors_hash, write_tensors

STATE = "state.safetensors"
"""Name of the file."""


class _Rest(Content):
    fingerprint: str
    history: list[Epoch]
    overfitting: dict[str, float] | None


@dataclass(frozen=True)
class State:
    """Hold the state of a training.

    Attributes:
        rest: what the file holds beside the tensors.
        fingerprint: hash of its settings.
        history: a row for each epoch done.
        overfitting: of the epoch that was taken back for catastrophic overfitting, ``epoch``, ``guarded_accuracy``
            and ``before``; or None.
        tensors: of :meth:`rnas.training.trainer.Trainer.state`; empty where only the rest was read.
    """

    rest: ClassVar[type[Content]] = _Rest

    fingerprint: str
    history: tuple[Row, ...]
    overfitting: Mapping[str, float] | None = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it as safetensors with the rest and a hash of the tensors as metadata."""
        tensors = plain(self.tensors)
        rest = {
            "fingerprint": self.fingerprint,
            "history": list(map(dict, self.history)),
            "overfitting": self.overfitting,
        }
        metadata = {"state": json.dumps(rest, allow_nan=False), "tensors_sha256": tensors_hash(tensors)}
        write_tensors(path, tensors, metadata)

    @classmethod
    def read(cls, path: Path, with_tensors: bool = True) -> Self:
        """Read it back.

        Raises:
            InputError: the file is damaged.
        """
        tensors: dict[str, Tensor] = {}
        try:
            with safe_open(path, framework="pt") as file:
                metadata: Mapping[str, str] = file.metadata() or {}
                if with_tensors:
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            rest: Mapping[str, Any] = parse_json(metadata["state"], "state")
            if with_tensors and tensors_hash(tensors) != metadata["tensors_sha256"]:
                raise ValueError("its values do not have the hash that was written with them")
            checked_content(rest, cls.rest, "state")
            return cls(rest["fingerprint"], tuple(rest["history"]), rest["overfitting"], tensors)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: damaged ({reason}); restore it from a copy, or train again") from None


def has_state(folder: Path) -> bool:
    """Return whether a training has a state yet; raise InputError if it is gone though there are results."""
    path = folder / STATE
    if not path.exists() and (folder / HISTORY).exists():
        raise InputError(f"{path} is gone, though the training has results: restore it from a copy")
    return path.exists()
