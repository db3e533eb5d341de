"""Read weights from files: checkpoints of rnas, and published weights in the form and names of their repositories.

No code in a file is executed: safetensors contain only tensors, and only tensors and plain values of pickles are read.
"""

import pickle
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rnas.errors import InputError, MisfitError
from rnas.networks import architecture as arch
from rnas.networks._exported import description_in
from rnas.networks.architecture import Architecture
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import same_weights
from rnas.utils._regular_files import require_regular

_AVERAGED = re.compile("(^|_)(ema|swa|wa|avg|averaged?|polyak|shadow)(_|$)")
"""Words in the keys of the averaged weights in released checkpoints."""

_WRAPPERS = (
    "best",
    "best_state_dict",
    "model_state_dict",
    "state_dict",
    "net",
    "model",
    "network",
    "weights",
    "params",
    "module",
    "last",
    "last_state_dict",
    "unaveraged_model_state_dict",
)
"""Other keys of the state dict in released checkpoints; of several the first is read."""

_NOT_WEIGHTS = re.compile("optim|sched|rng|scaler")

_DEPTH = 3
"""Levels of mappings in which state dicts are looked for."""

_COUNTERS = ("total_ops", "total_params", "n_averaged")
"""Buffers that a profiler of FLOPs left in every module of some released networks, and the count of an average."""

_BATCHES = ".num_batches_tracked"
"""Name of a counter that changes no logit, and that old versions of torch did not store."""

_MEANS, _DEVIATIONS = ("mean", "mu"), ("std", "sigma")
"""Last parts of the names of tensors that normalise the images."""

_ROUNDING = 1e-3
"""Difference of two deviations of normalised images that is rounding."""

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

_DISCARDED = (
    # These are the optimizer and the schedule of the training, whose code is not called.
    "torch.optim.sgd.SGD",
    "torch.optim.lr_scheduler.OneCycleLR",
    "lr_scheduler.CosineLRScheduler",
    "builtins.getattr",
    # These are arrays of NumPy, old and new, and the options of the training.
    "numpy.ndarray",
    *(f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
    "argparse.Namespace",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
)
"""What released checkpoints hold with their weights, and what is not read."""

_READABLE: tuple[Callable[..., Any] | tuple[Callable[..., Any], str], ...] = (
    # These are accuracies and FLOPs as NumPy scalars, under the names of old and new NumPy.
    _NUMPY_SCALAR,
    (_NUMPY_SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    *{type(np.dtype(code)) for code in np.typecodes["All"]},
    (_plain_dict, "collections.defaultdict"),
    dict,
    *((_Discarded, name) for name in _DISCARDED),
)
"""Other types in released checkpoints than tensors, plain values and containers."""


@dataclass(frozen=True)
class _Content:
    """Hold what a file of weights says.

    Attributes:
        tensors: the weights by their names in the file.
        place: keys under which they are in the file.
        others: keys of other weights in the file, which were not read.
        description: what rnas wrote about the weights; None for a file of others.
    """

    tensors: Mapping[str, Tensor]
    place: str = ""
    others: tuple[str, ...] = ()
    description: Mapping[str, Any] | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence about the choice, if there was one."""
        if not self.others:
            return ()
        averaged = ", which are averaged" if _is_averaged(self.place, self.others) else ""
        return (f"The file has several weights: {self.place} is used{averaged}, and not {_few(self.others)}.",)


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """Return the tensors of a file by their names in the file, on the CPU.

    Args:
        path: a safetensors file, or a file from ``torch.save``: a state dict, or a released checkpoint that contains
            one. If a checkpoint has several, the averaged weights are read, and otherwise the best before the last.

    Raises:
        InputError: it cannot be read, has no weights, is a pickle that contains code, which is not executed, or a
            tensor is of a type that no network of rnas has.
    """
    return dict(_read(Path(path)).tensors)


def describe_weights(path: Path | str) -> Mapping[str, Any] | None:
    """Return what rnas wrote into a file about the weights in it, as JSON values; None for a file of others.

    Raises:
        InputError: the file cannot be read, or was changed after it was written.
    """
    path = Path(path)
    return description_in(path) if _is_safetensors(path) else _read(path).description


def load_weights(
    module: nn.Module,
    path: Path | str,
    names: Sequence[WeightNames] = (),
    network: str = "it",
    architecture: Architecture | None = None,
) -> tuple[str, ...]:
    """Fill a network with all weights of a file, or change nothing.

    Args:
        module: the network.
        path: a file that :func:`read_weights` reads.
        names: naming schemes that its tensors may follow; the scheme of rnas is always tried too.
        network: name of the network in messages.
        architecture: the network's description, which is compared with that in a file of rnas.

    Returns:
        Sentences on what was chosen among the weights in the file, and on what the file does not say of its network.

    Raises:
        InputError: the file cannot be read, or says that it is of another network.
        MisfitError: no naming scheme makes its tensors exactly those of the network.
    """
    content = _read(Path(path))
    ours = module.state_dict()
    tensors, normalization = _without_normalization(content.tensors, ours)
    variants = list(_without_prefixes(tensors))
    fits = [_Fit.of(variant, prefix, naming, ours) for prefix, variant in variants for naming in (*names, _OWN_NAMES)]
    best = min(fits, key=lambda fit: fit.faults)
    if best.faults:
        raise MisfitError(f"{path} does not fit {network}: {best.explained()}{_chosen(content)}")
    wrong = [
        name
        for name, tensor in best.renamed.items()
        if ours[name].is_floating_point() and not tensor.is_floating_point()
    ]
    if wrong:
        raise InputError(
            f"{path}: {wrong[0]} holds {_type(best.renamed[wrong[0]])}, and the network computes with floating-point "
            "numbers: give weights that are not quantised"
        )
    fault = _other_network(content, architecture) or _other_normalization(normalization, module, architecture)
    if fault:
        raise InputError(f"{path} does not fit {network}: {fault}")
    module.load_state_dict({**ours, **best.renamed})
    return (*content.notes, *_unsaid(content, architecture, best.prefix, bool(normalization)))


def _read(path: Path) -> _Content:
    if _is_safetensors(path):
        description = description_in(path)
        content = _Content(_from_safetensors(path), description=description)
    else:
        content = _unwrapped(path, _from_pickle(path))
    for name, tensor in content.tensors.items():
        fault = _fault(tensor)
        if fault:
            raise InputError(f"{path}: {name} is {fault}; give a file of dense floating-point weights")
    return content


def _is_safetensors(path: Path) -> bool:
    require_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    # The ninth byte of safetensors opens a JSON object; files from torch.save have another byte there.
    return head[8:] == b"{"


def _unwrapped(path: Path, found: Any) -> _Content:
    """Return the weights in what a pickle holds."""
    held: dict[tuple[str, ...], Mapping[Any, Any]] = {}
    if isinstance(found, Mapping):
        held = {(): found} if _is_state(found) else dict(_states(found))
    named = {keys: state for keys, state in held.items() if _rank(keys) <= len(_WRAPPERS)}
    if not named and len(held) > 1:
        raise InputError(
            f"{path}: holds several state dicts ({_few(['.'.join(keys) for keys in held])}): save the one that you "
            "mean on its own"
        )
    if not held:
        raise InputError(
            f"{path}: holds no state dict: a mapping of names to tensors, or one under a usual key such as "
            "model_state_dict"
        )
    keys = min(named or held, key=_rank)
    others = tuple(".".join(other) for other in held if other != keys)
    tensors = {str(name): tensor for name, tensor in held[keys].items() if isinstance(tensor, Tensor)}
    described = found.get("provenance")
    return _Content(
        {name: tensor for name, tensor in tensors.items() if name.rpartition(".")[2] not in _COUNTERS},
        ".".join(keys),
        others,
        None if not isinstance(described, str) else description_in(path, described),
    )


def _is_state(found: Mapping[Any, Any]) -> bool:
    """Return whether a mapping holds tensors, and else nothing but single values."""
    plain = (str, int, float, type(None))
    return any(isinstance(value, Tensor) for value in found.values()) and all(
        isinstance(value, Tensor) or (isinstance(value, plain) and not _is_counted(found)) for value in found.values()
    )


def _is_counted(found: Mapping[Any, Any]) -> bool:
    """Return whether the tensors of a mapping are all single numbers, such as losses, among other values."""
    return all(value.dim() == 0 for value in found.values() if isinstance(value, Tensor))


def _states(
    found: Mapping[Any, Any], keys: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[Any, Any]]]:
    """Yield the state dicts in a mapping of mappings, each with its keys."""
    for key, value in found.items():
        if not isinstance(value, Mapping) or _NOT_WEIGHTS.search(str(key)):
            continue
        place = (*keys, str(key))
        if _is_state(value):
            yield place, value
        elif len(place) < _DEPTH:
            yield from _states(value, place)


def _rank(keys: tuple[str, ...]) -> int:
    """Return the order in which weights under some keys are preferred; the least comes first."""
    if not keys or _says_averaged(".".join(keys)):
        return -1
    ranks = [_WRAPPERS.index(key) for key in keys if key in _WRAPPERS]
    return max(ranks, default=len(_WRAPPERS) + 1)


def _is_averaged(place: str, others: Sequence[str]) -> bool:
    return _says_averaged(place) or any("unaveraged" in other for other in others)


def _says_averaged(place: str) -> bool:
    """Return whether keys, in any style such as ``ema_model``, ``model-ema`` and ``netEMA``, name averaged weights."""
    words = re.sub("(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "_", place)
    return _AVERAGED.search(words.lower()) is not None


def _chosen(content: _Content) -> str:
    return (
        f" (of the weights under {content.place}; others in the file: {_few(content.others)})" if content.others else ""
    )


def _fault(tensor: Tensor) -> str:
    """Return what no network of rnas can hold; empty if there is nothing."""
    if tensor.is_quantized:
        return "quantised"
    if tensor.layout != torch.strided:
        return "sparse"
    if tensor.is_meta:
        return "without values (on the meta device)"
    return "complex" if tensor.is_complex() else ""


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _without_normalization(
    tensors: Mapping[str, Tensor], ours: Collection[str] = ()
) -> tuple[dict[str, Tensor], tuple[str, Tensor, Tensor] | None]:
    """Return the weights without mean and deviation of the images' channels, and these with their names.

    Tensors with the names of the network's own, after a prefix of all names, are weights.
    """
    own = {f"{prefix}{name}" for prefix, _ in _without_prefixes(tensors) for name in ours}
    parts = {name: name.rpartition(".")[::2] for name in tensors if name not in own}
    for mean, (place, last) in parts.items():
        if last not in _MEANS:
            continue
        for deviation, (other, kind) in parts.items():
            channels = tensors[mean].numel()
            if other == place and kind in _DEVIATIONS and tensors[deviation].numel() == channels <= 4:
                left = {name: tensor for name, tensor in tensors.items() if name not in (mean, deviation)}
                pair = (tensors[mean].flatten().double(), tensors[deviation].flatten().double())
                return left, (f"{mean}, {deviation}", *pair)
    return dict(tensors), None


def _other_normalization(
    found: tuple[str, Tensor, Tensor] | None, module: nn.Module, architecture: Architecture | None
) -> str:
    """Return how the normalisation of images in a file differs from the network's; empty if it does not."""
    if found is None:
        return ""
    names, *there = found
    own = dict(module.named_buffers())
    _, pair = _without_normalization({name: own[name] for name in own.keys() - module.state_dict().keys()})
    here = (torch.zeros(1).double(), torch.ones(1).double()) if pair is None else pair[1:]
    # One value is that of each channel; other numbers of channels are other images.
    alike = len(there[0]) == len(here[0]) or 1 in (len(there[0]), len(here[0]))
    if alike and all(((a - b).abs() <= _ROUNDING).all() for a, b in zip(there, here, strict=True)):
        return ""
    mean, deviation = (", ".join(f"{value:.4g}" for value in values.tolist()) for values in there)
    does = "does not normalise them" if pair is None else "has other values"
    others = [] if architecture is None else same_weights(architecture)
    named = f", such as {_few(others)}" if others else ""
    return (
        f"its network normalises images by mean {mean} and deviation {deviation} ({names}), and this one {does}: name "
        f"one that normalises as it does (normalize_input of a residual network){named}"
    )


def _other_network(content: _Content, architecture: Architecture | None) -> str:
    """Return how the network that a file of rnas describes differs from the given one; empty if it does not."""
    if content.description is None or architecture is None:
        return ""
    there, here = content.description["architecture"], arch.to_dict(architecture)
    if there == here:
        return ""
    differing = [name for name in sorted(there.keys() | here.keys()) if there.get(name) != here.get(name)]
    return (
        f"it is of another network, {content.description['key']} instead of {arch.key(architecture)}, which differs in "
        f"{_few(differing)}: name the file alone, and the network that it describes is taken"
    )


def _unsaid(content: _Content, architecture: Architecture | None, prefix: str, normalizes: bool) -> tuple[str, ...]:
    """Return sentences on what the tensors of a file do not say of the network that they were trained in."""
    if content.description is not None or architecture is None:
        return ()
    unsaid = dict(getattr(architecture, "not_in_weights", {}))
    if normalizes:
        unsaid.pop("normalize_input", None)
    notes: tuple[str, ...] = ()
    if unsaid:
        *first, last = (f"{name} {value}" for name, value in unsaid.items())
        assumed = f"{', '.join(first)} and {last} are" if first else f"{last} is"
        others = same_weights(architecture)
        also = f"; {_few(others)} would also fit" if others else ""
        notes = (f"The file of the weights does not say all of its network: {assumed} assumed{also}.",)
    # Names that begin with 0 are those of a sequence whose first part is the network.
    place = next((part for part in prefix.split(".") if part.isdecimal() and int(part)), None)
    if place is not None and not normalizes:
        return (
            *notes,
            f"The network in the file is part {place} of a sequence: what stands before it has no weights in the file "
            "and is left out, such as a normalisation of the images.",
        )
    return notes


def _without_prefixes(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """Yield the tensors as they are, and without each part that all names begin with, with what was removed."""
    prefix = ""
    while True:
        yield prefix, {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        first = {name.removeprefix(prefix).partition(".")[0] for name in tensors}
        if len(first) != 1 or not all("." in name.removeprefix(prefix) for name in tensors):
            return
        prefix = f"{prefix}{first.pop()}."


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path}: not readable as safetensors ({error}); fetch it again") from None


def _from_pickle(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(list(_READABLE)), warnings.catch_warnings():
            # Torch warns of files that it refuses, too.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A damaged pickle raises almost anything.
        code = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if code is not None:
            raise InputError(
                f"{path}: refused: it holds {code[1]}, which is code, not weights; none of it was run. "
                "Use a file that holds tensors alone, such as safetensors"
            ) from None
        raise InputError(f"{path}: neither safetensors nor a file that torch.save wrote; fetch it again") from None


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"


@dataclass(frozen=True)
class _Fit:
    """Compare the tensors of a file, under one naming scheme, with those of a network.

    Attributes:
        renamed: the tensors that the network has, by their names in rnas.
        missing: the other tensors that the network needs, by their names in this scheme; a counter of batches is not
            needed.
        unexpected: the other tensors in the file.
        shapes: for tensors of another shape the name, the file's shape and the network's.
        prefix: what the names in the file begin with.
    """

    renamed: Mapping[str, Tensor]
    missing: Sequence[str]
    unexpected: Sequence[str]
    shapes: Sequence[tuple[str, tuple[int, ...], tuple[int, ...]]]
    prefix: str

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], prefix: str, naming: WeightNames, ours: Mapping[str, Tensor]) -> "_Fit":
        """Compare a file's tensors, whose names in the file have a prefix, with a network's."""
        renamed: dict[str, Tensor] = {}
        unexpected = []
        shapes = []
        for original, tensor in tensors.items():
            name = naming.ours(original)
            if name is None:
                continue
            # A name that the other implementation uses for something else, or not at all, is not in this scheme.
            own = naming.original(name) == original
            if name not in ours or name in renamed or not own:
                unexpected.append(f"{prefix}{original}")
                continue
            renamed[name] = tensor
            if tensor.shape != ours[name].shape:
                shapes.append((f"{prefix}{original}", tuple(tensor.shape), tuple(ours[name].shape)))
        absent = [name for name in ours if name not in renamed and not name.endswith(_BATCHES)]
        return cls(renamed, [f"{prefix}{naming.original(name)}" for name in absent], unexpected, shapes, prefix)

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
            f"{len(names)} {fault} ({_few(names)})"
            for fault, names in (
                ("missing", self.missing),
                ("unexpected", self.unexpected),
                ("of another shape", shapes),
            )
            if names
        ]
        return ", ".join(parts)
