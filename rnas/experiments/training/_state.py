"""Store the state of a training after an epoch; all other files of its directory follow from this file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

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
        fingerprint: hash of its settings.
        history: a row for each epoch done.
        overfitting: of the epoch that was taken back for catastrophic overfitting, ``epoch``, ``guarded_accuracy``
            and ``before``; or None.
        tensors: of :meth:`rnas.training.trainer.Trainer.state`; empty where only the rest was read.
    """

    fingerprint: str
    history: tuple[Row, ...]
    overfitting: Mapping[str, float] | None = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it; see :func:`write_state`."""
        rest = {
            "fingerprint": self.fingerprint,
            "history": list(map(dict, self.history)),
            "overfitting": self.overfitting,
        }
        write_state(path, rest, self.tensors)

    @classmethod
    def read(cls, path: Path, with_tensors: bool = True) -> Self:
        """Read it back.

        Raises:
            InputError: the file is damaged.
        """
        rest, tensors = read_state(path, _Rest, with_tensors)
        return cls(rest["fingerprint"], tuple(rest["history"]), rest["overfitting"], tensors)


def write_state(path: Path, rest: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors, with the rest, which is JSON values, and a hash of the tensors as metadata."""
    tensors = plain(tensors)
    metadata = {"state": json.dumps(rest, allow_nan=False), "tensors_sha256": tensors_hash(tensors)}
    write_tensors(path, tensors, metadata)


def read_state(
    path: Path, model: type[Content], with_tensors: bool = True
) -> tuple[Mapping[str, Any], dict[str, Tensor]]:
    """Return the rest and the tensors that :func:`write_state` wrote.

    Args:
        path: the file.
        model: what the rest has to be.
        with_tensors: whether to read the tensors too; otherwise there are none.

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
        return checked_content(rest, model, "state"), tensors
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: damaged ({reason}); restore it from a copy, or train again") from None


def has_state(folder: Path) -> bool:
    """Return whether there is a state yet; raise InputError if it is gone though there are results."""
    path = folder / STATE
    if not path.exists() and (folder / HISTORY).exists():
        raise InputError(f"{path} is gone, though there are results: restore it from a copy")
    return path.exists()
