"""A device "pretended" that computes on the CPU, and what rnas does on it.

Tensors of the device hold one of the CPU each. An operation on tensors of both devices is an error, as on a GPU, unless
the one on the CPU is a single number. Whatever would make the CPU wait for a GPU is counted.

Run as a program, it prints what failed on it and how often it was waited for, as JSON: the device stays for the whole
process.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

from rnas import registry
from rnas.attacks import autoattack
from rnas.attacks.named import named_attack
from rnas.data.dataset import Split
from rnas.evaluation._observed_network import ObservedNetwork
from rnas.evaluation._probe import Probe
from rnas.evaluation.diagnostics.diagnostic import DiagnosticContext
from rnas.evaluation.flags import CHECKS
from rnas.evaluation.robustness import evaluate_robustness
from rnas.networks.residual import ResidualNetwork
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import EPSILON, EXTRA, TRAINING, plan

aten = torch.ops.aten
NAME = "pretended"

_ANSWERS = {aten._local_scalar_dense, aten.equal, aten.is_nonzero}
"""Operations that return a number, for which the CPU waits."""

_OF_UNKNOWN_SIZE = {
    aten.nonzero,
    aten.masked_select,
    aten.unique_dim,
    aten._unique2,
    aten.bincount,
    aten.repeat_interleave,
}
"""Operations whose result has a size that the device must first find out."""

_INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index}
_COPIES = {aten._to_copy, aten.copy_}

waits = 0


class _Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]


class OnDevice(torch.Tensor):
    """A tensor of the device."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "OnDevice":
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=torch.device(NAME, 0),
        )

    def __init__(self, held: torch.Tensor) -> None:
        self.held = held

    def __deepcopy__(self, memo: dict[int, Any]) -> "OnDevice":
        if id(self) not in memo:
            copied = OnDevice(self.held.detach().clone(memory_format=torch.preserve_format))
            memo[id(self)] = copied.requires_grad_(self.requires_grad)
        return memo[id(self)]

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(function, args, kwargs or {})


class Device(TorchDispatchMode):
    """Run what concerns the device on it, within the block."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        concerned = _is_device(kwargs.get("device")) or any(
            isinstance(x, OnDevice) for x in tree_leaves((args, kwargs))
        )
        return _run(function, args, kwargs) if concerned else function(*args, **kwargs)


def _is_device(device: Any) -> bool:
    return device is not None and torch.device(device).type == NAME


def _held(value: Any) -> Any:
    return value.held if isinstance(value, OnDevice) else value


def _wrapped(value: Any) -> Any:
    return OnDevice(value) if isinstance(value, torch.Tensor) and not isinstance(value, OnDevice) else value


def _wait() -> None:
    global waits
    waits += 1


def _run(function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    packet = function.overloadpacket
    if packet in _COPIES:
        return _copy(function, args, kwargs)
    tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
    here = [tensor for tensor in tensors if isinstance(tensor, OnDevice)]
    elsewhere = [tensor for tensor in tensors if not isinstance(tensor, OnDevice)]
    if packet in _INDEXING:
        _index(function, args)
    elif here and any(tensor.dim() for tensor in elsewhere):
        raise RuntimeError(f"{function}: tensors on the device and on the CPU {[list(x.shape) for x in elsewhere]}")
    if here and packet in _ANSWERS | _OF_UNKNOWN_SIZE:
        _wait()
    result_here, own = bool(here), dict(kwargs)
    if kwargs.get("device") is not None:
        result_here, own["device"] = _is_device(kwargs["device"]), torch.device("cpu")
    own.pop("pin_memory", None)
    result = function(*tree_map(_held, args), **tree_map(_held, own))
    if not result_here or packet in _ANSWERS:
        return result
    return return_and_correct_aliasing(function, args, kwargs, tree_map(_wrapped, result))


def _copy(function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Copy between the devices; from this one, the CPU waits for it."""
    if function.overloadpacket is aten.copy_:
        target, source = args[:2]
        if isinstance(source, OnDevice) and not isinstance(target, OnDevice):
            _wait()
        _held(target).copy_(_held(source))
        return target
    source, device = args[0], kwargs.get("device")
    to_here = isinstance(source, OnDevice) if device is None else _is_device(device)
    if isinstance(source, OnDevice) and not to_here:
        _wait()
    own = {**kwargs, "non_blocking": False, **({} if device is None else {"device": torch.device("cpu")})}
    result = function(_held(source), **own)
    return OnDevice(result) if to_here else result


def _index(function: Any, args: Any) -> None:
    """Require that the device does not index the CPU, and count the indices for which the CPU waits."""
    indices = [index for index in args[1] if isinstance(index, torch.Tensor)]
    if not isinstance(args[0], OnDevice):
        raise RuntimeError(f"{function}: a tensor on the CPU is indexed by one on the device")
    if any(index.dtype in (torch.bool, torch.uint8) or not isinstance(index, OnDevice) for index in indices):
        _wait()


# What runs on it.

NETWORK = ResidualNetwork((1, 1), (4, 8), stem_width=4)
IMAGES, CLASSES = (1, 8, 8), 10
AUGMENTATION = ("crop", "flip", "cutout", "rotate")
ATTACKS = (
    *("linf fgsm", "linf pgd3", "linf pgd2x2-margin", "linf pgd2-dlr", "linf cw3", "linf mi-fgsm3", "linf gama100"),
    *("linf deepfool3", "linf apgd-ce", "linf apgd-dlr", "linf apgd-t2", "linf fab-t", "linf square20"),
    *("l2 pgd3", "l2 apgd-ce", "l2 square20", "l2 deepfool3", "l1 pgd3", "l1 apgd-ce", "l1 square20"),
)
_RADII = {"linf": Fraction(1, 10), "l2": Fraction(1, 2), "l1": Fraction(4)}


def _model() -> nn.Module:
    torch.manual_seed(0)
    return NETWORK.build(CLASSES, IMAGES).to(NAME)


def _train(recipe: Any, images: Split, epochs: int = 2) -> None:
    short = {"attack_steps": 2} if isinstance(Recipe.resolve(recipe).inner_attack, PGDInner) else {}
    settings = replace(plan(recipe, epochs, 20, **short), augmentation=AUGMENTATION)
    training = Trainer(_model(), images, settings, 0, EXTRA.first(40).to(NAME))
    list(training.epochs())
    training.load({name: tensor.cpu() for name, tensor in training.state().items()})


def _waits_of(steps: int) -> int:
    """Return the waits of one epoch of so many steps, after the first one."""
    images = TRAINING.first(20 * steps).to(NAME)
    settings = plan("sat", 2, 20, attack_steps=2)
    epochs = Trainer(_model(), images, settings, 0).epochs()
    next(epochs)
    before = waits
    next(epochs)
    return waits - before


def errors() -> dict[str, str]:
    """Return what fails on the device, by what was tried; empty text is what works."""
    found: dict[str, str] = {}
    training = TRAINING.first(20).to(NAME)

    def try_out(name: str, work: Callable[[], object]) -> None:
        try:
            work()
            found[name] = ""
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"

    for name in registry.names(registry.RECIPES):
        try_out(f"recipe {name}", lambda name=name: _train(name, training))  # type: ignore[misc]
    for averaging in ({"name": "ema", "decay": 0.9}, {"name": "swa", "start": 0}):
        recipe = {"name": "sat", "averaging": averaging}
        try_out(f"recipe sat with {averaging['name']}", lambda recipe=recipe: _train(recipe, training))  # type: ignore[misc]
    model, split = _model().eval(), training.first(4)
    # Attacks work on images that are classified as their labels say.
    images = split.images(slice(None))
    batch = images, model(images).argmax(1), split.ids
    for words in ATTACKS:
        norm, name = words.split()
        attack = named_attack(name, _RADII[norm], norm)  # type: ignore[arg-type]
        try_out(f"attack {words}", lambda attack=attack: attack(model, *batch, 0))  # type: ignore[misc]
    attack = named_attack("pgd2", EPSILON)
    try_out("evaluation", lambda: evaluate_robustness(model, split, [attack], 0, 4))
    probe = Probe(ObservedNetwork(model), *batch, "linf", EPSILON, 0, 500)
    for name, check in CHECKS.items():
        try_out(f"flag {name}", lambda check=check: check(probe))  # type: ignore[misc]
    adversarial = attack(model, *batch, 0)
    context = DiagnosticContext(model, NETWORK, batch[0], adversarial, batch[1], batch[2], EPSILON, 0, CLASSES, IMAGES)
    for name in registry.names(registry.DIAGNOSTICS):
        diagnostic = registry.load(registry.DIAGNOSTICS, name)
        if diagnostic.covers(NETWORK):
            try_out(f"diagnostic {name}", lambda diagnostic=diagnostic: diagnostic(context))  # type: ignore[misc]
    return found


def main() -> None:
    torch.set_num_threads(1)
    # Later steps do what the first ones do.
    autoattack._STEPS, autoattack._SCHEDULE_IN_L1 = 10, ((3, 4), (2, 4), (1, 4))
    _setup_privateuseone_for_python_backend(NAME, _Backend())
    with Device():
        with suppress(RuntimeError):
            _ = torch.ones(2, device=NAME) + torch.ones(2)
            raise AssertionError("tensors of two devices were added")
        print(json.dumps({"errors": errors(), "waits": [_waits_of(steps) for steps in (8, 24)]}))


if __name__ == "__main__":
    main()
