"""Weights from files: our own checkpoints, and published ones as the original repositories write and name them.

Nothing of a file is executed: safetensors hold tensors alone, and of pickles only tensors and plain values are read.
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

_WRAPPERS = ("model_state_dict", "state_dict", "unaveraged_model_state_dict")
"""What released checkpoints keep their state dict under, the averaged weights before the last ones."""

_COUNTERS = ("total_ops", "total_params")
"""Buffers that a profiler of FLOPs left in every module of some released networks."""

_OWN_NAMES = WeightNames("rnas")
_SHOWN = 3


class _Discarded:
    """Stands for an object that released training code stores with its weights; it does and holds nothing."""

    def __init__(self, *_args: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass


def _plain_dict(*_factory: Any) -> dict[Any, Any]:
    return {}


_NUMPY_SCALAR = cast(Callable[..., Any], np.float64(0).__reduce__()[0])

_READABLE: tuple[Callable[..., Any] | tuple[Callable[..., Any], str], ...] = (
    # Accuracies and FLOPs as NumPy scalars, under the names of old and new NumPy.
    _NUMPY_SCALAR,
    (_NUMPY_SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(name)) for name in ("bool", "int32", "int64", "float32", "float64")),
    # The optimizer and the schedule of the training, whose code is not called.
    (_plain_dict, "collections.defaultdict"),
    dict,
    (_Discarded, "torch.optim.sgd.SGD"),
    (_Discarded, "torch.optim.lr_scheduler.OneCycleLR"),
    (_Discarded, "lr_scheduler.CosineLRScheduler"),
    (_Discarded, "builtins.getattr"),
)
"""What released checkpoints hold beyond tensors, plain values and containers."""


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """The tensors of a file by the names that it gives them, on the CPU.

    Args:
        path: a safetensors file, or one that ``torch.save`` wrote: a state dict, or one wrapped as released
            checkpoints wrap it, of which the averaged weights are taken where it has both.

    Raises:
        InputError: it cannot be read, is neither, or is a pickle that holds code, of which nothing is executed.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    # The ninth byte of safetensors opens a JSON object; what torch.save writes has another there.
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
        names: namings that its tensors may follow; our own is always tried too.
        network: what to call the network in messages.

    Raises:
        InputError: the file cannot be read.
        MisfitError: by no naming its tensors are exactly those of the network.
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
    """How the tensors of a file, by one naming, match those of a network.

    Attributes:
        renamed: the tensors that the network has, by our names.
        missing: what the network needs beyond them, as this naming calls it.
        unexpected: what the file has beyond them.
        shapes: for those of another shape the name, the file's shape and the network's.
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
            # A name that the other implementation gives to something else, or to nothing, is not of this naming.
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
        """How many tensors are missing, unexpected, or of another shape."""
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    def explained(self) -> str:
        """The faults in one line, and the fix where only the number of classes is wrong."""
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
