"""Read weights from files: checkpoints of rnas, and published weights in the form and names of their repositories.

No code in a file is executed: safetensors contain only tensors, and only tensors and plain values of pickles are read.
"""

import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rnas.errors import InputError, MisfitError
from rnas.networks.weight_names import WeightNames
from rnas.utils._regular_files import require_regular

_WRAPPERS = ("model_state_dict", "state_dict", "unaveraged_model_state_dict")
"""Keys of the state dict in released checkpoints, the averaged weights before the last ones."""

_COUNTERS = ("total_ops", "total_params")
"""Buffers that a profiler of FLOPs left in every module of some released networks."""

_OWN_NAMES = WeightNames("rnas")
_SHOWN = 3


class _Discarded:
    """Replace an object that released training code stores with its weights; it does nothing and has no content."""

    def __init__(self, *_args: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass


def _plain_dict(*_factory: Any) -> dict[Any, Any]:
    return {}


_NUMPY_SCALAR = cast(Callable[..., Any], np.float64(0).__reduce__()[0])

_READABLE: tuple[Callable[..., Any] | tuple[Callable[..., Any], str], ...] = (
    # These are accuracies and FLOPs as NumPy scalars, under the names of old and new NumPy.
    _NUMPY_SCALAR,
    (_NUMPY_SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(name)) for name in ("bool", "int32", "int64", "float32", "float64")),
    # These are the optimizer and the schedule of the training, whose code is not called.
    (_plain_dict, "collections.defaultdict"),
    dict,
    (_Discarded, "torch.optim.sgd.SGD"),
    (_Discarded, "torch.optim.lr_scheduler.OneCycleLR"),
    (_Discarded, "lr_scheduler.CosineLRScheduler"),
    (_Discarded, "builtins.getattr"),
)
"""Other types in released checkpoints than tensors, plain values and containers."""


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """Return the tensors of a file by their names in the file, on the CPU.

    Args:
        path: a safetensors file, or a file from ``torch.save``: a state dict, or a released checkpoint that contains
            one. If a checkpoint has averaged and last weights, the averaged weights are read.

    Raises:
        InputError: it cannot be read, is neither, or is a pickle that contains code, which is not executed.
    """
    path = Path(path)
    require_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    # The ninth byte of safetensors opens a JSON object; files from torch.save have another byte there.
    found = _from_safetensors(path) if head[8:] == b"{" else _from_pickle(path)
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise InputError(f"{path}: holds no state dict: a mapping of names to tensors, or one under {_WRAPPERS[0]}")
    return {str(name): tensor for name, tensor in found.items() if str(name).rpartition(".")[2] not in _COUNTERS}


def load_weights(module: nn.Module, path: Path | str, names: Sequence[WeightNames] = (), network: str = "it") -> None:
    """Fill a network with all weights of a file, or change nothing.

    Args:
        module: the network.
        path: a file that :func:`read_weights` reads.
        names: naming schemes that its tensors may follow; the scheme of rnas is always tried too.
        network: name of the network in messages.

    Raises:
        InputError: the file cannot be read.
        MisfitError: no naming scheme makes its tensors exactly those of the network.
    """
    ours = module.state_dict()
    tensors = read_weights(path)
    fits = [_Fit.of(tensors, naming, ours) for naming in (*names, _OWN_NAMES)]
    best = min(fits, key=lambda fit: fit.faults)
    if best.faults:
        raise MisfitError(f"{path} does not fit {network}: {best.explained()}")
    module.load_state_dict(best.renamed)


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path}: not readable as safetensors ({error}); fetch it again") from None


def _from_pickle(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(list(_READABLE)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A damaged pickle raises almost anything.
        code = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if code is not None:
            raise InputError(
                f"{path}: refused: it holds {code[1]}, which is code, not weights; none of it was run. "
                "Use a file that holds tensors alone, such as safetensors"
            ) from None
        raise InputError(f"{path}: neither safetensors nor a file that torch.save wrote; fetch it again") from None


@dataclass(frozen=True)
class _Fit:
    """Compare the tensors of a file, under one naming scheme, with those of a network.

    Attributes:
        renamed: the tensors that the network has, by their names in rnas.
        missing: the other tensors that the network needs, by their names in this scheme.
        unexpected: the other tensors in the file.
        shapes: for tensors of another shape the name, the file's shape and the network's.
    """

    renamed: Mapping[str, Tensor]
    missing: Sequence[str]
    unexpected: Sequence[str]
    shapes: Sequence[tuple[str, tuple[int, ...], tuple[int, ...]]]

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], naming: WeightNames, ours: Mapping[str, Tensor]) -> "_Fit":
        """Compare a file's tensors with a network's."""
        renamed: dict[str, Tensor] = {}
        unexpected = []
        shapes = []
        for original, tensor in tensors.items():
            name = naming.ours(original)
            if name is None:
                continue
            # A name that the other implementation uses for something else, or not at all, is not in this scheme.
            own = naming.original(name) == original.removeprefix("module.")
            if name not in ours or name in renamed or not own:
                unexpected.append(original)
                continue
            renamed[name] = tensor
            if tensor.shape != ours[name].shape:
                shapes.append((original, tuple(tensor.shape), tuple(ours[name].shape)))
        missing = [naming.original(name) for name in ours if name not in renamed]
        return cls(renamed, missing, unexpected, shapes)

    @property
    def faults(self) -> int:
        """Return how many tensors are missing, unexpected, or of another shape."""
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    def explained(self) -> str:
        """Describe the errors in one line, and the fix if only the number of classes is wrong."""
        shapes = [f"{name} {there} instead of {here}" for name, there, here in self.shapes]
        classes = {(there[:1], here[:1]) for _, there, here in self.shapes if there[1:] == here[1:]}
        if len(shapes) == self.faults and len(shapes) <= 2 and len(classes) == 1:
            ((there, _),) = classes
            return f"{', '.join(shapes)}: it was made for {there[0]} classes, so give num_classes={there[0]}"
        parts = [
            f"{len(names)} {fault} ({', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''})"
            for fault, names in (
                ("missing", self.missing),
                ("unexpected", self.unexpected),
                ("of another shape", shapes),
            )
            if names
        ]
        return ", ".join(parts)
