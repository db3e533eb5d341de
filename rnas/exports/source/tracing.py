"""What a module's ``forward`` does with its inputs and children, followed on an example without data."""

import copy
import inspect
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from rnas.errors import InputError

_VALUE = "value"


class Unknown:
    """Stands for the value of a node that could not be followed."""


def without_data(module: nn.Module) -> nn.Module:
    """A copy whose tensors have shapes and no data, so that it runs at once."""
    tensors: dict[int, Any] = {id(p): nn.Parameter(p.to("meta"), p.requires_grad) for p in module.parameters()}
    tensors |= {id(buffer): buffer.to("meta") for buffer in module.buffers()}
    return copy.deepcopy(module, tensors)


@dataclass(frozen=True)
class Examples:
    """What submodules are called with and what they return, in a run without data.

    Attributes:
        inputs: arguments of the first call of each, by its name.
        outputs: of every call, by the module's identity and the shapes of its arguments.
    """

    inputs: Mapping[str, tuple[Any, ...]]
    outputs: Mapping[tuple[Any, ...], Any]


def examples(module: nn.Module, images: Tensor) -> Examples:
    """Run a network on some images, and keep what goes in and out of every submodule.

    Args:
        module: without data.
        images: (N, C, H, W) on the device ``meta``.

    Raises:
        InputError: what it does depends on more than shapes.
    """
    inputs: dict[str, tuple[Any, ...]] = {}
    outputs: dict[tuple[Any, ...], Any] = {}
    handles = []
    for name, submodule in module.named_modules():

        def keep(submodule: nn.Module, args: tuple[Any, ...], output: Any, name: str = name) -> None:
            inputs.setdefault(name, args)
            outputs[_call_key(submodule, args)] = output

        handles.append(submodule.register_forward_hook(keep))
    try:
        with torch.no_grad():
            module(images)
    except Exception as error:  # This runs the modules' own code, which may raise anything.
        raise InputError(
            f"{type(module).__name__}: cannot be followed without data, and so not written as source "
            f"({' '.join(str(error).split())})"
        ) from None
    finally:
        for handle in handles:
            handle.remove()
    return Examples(inputs, outputs)


def _call_key(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return (id(module), *(tuple(value.shape) if isinstance(value, Tensor) else id(value) for value in args))


def trace(module: nn.Module, place: str, known: Examples, where: str) -> fx.Graph:
    """The graph of one module's ``forward``, its children as single steps; dead steps are left out.

    Python's own control flow is followed as the example takes it, and loops are unrolled.

    Args:
        module: without data.
        place: its name in the network.
        known: what goes in and out of the network's parts; of one that is never called nothing is known.
        where: what to call it in messages.

    Raises:
        InputError: it decides by the values of its inputs, or takes anything but tensors in their order.
    """
    parameters = inspect.signature(module.forward).parameters.values()
    if any(p.default is not p.empty or p.kind is not p.POSITIONAL_OR_KEYWORD for p in parameters):
        raise InputError(f"{where}: forward takes optional arguments, and so cannot be written as source")
    try:
        with torch.no_grad():
            graph = _ExampleTracer(place, known).trace(module)
    except InputError:
        raise
    except Exception as error:  # Tracing runs the module's own code, which may raise anything.
        raise InputError(
            f"{where}: cannot be traced, and so not written as source ({' '.join(str(error).split())})"
        ) from None
    for node in reversed(graph.nodes):
        if not node.users and node.op not in ("placeholder", "output") and not writes_in_place(node, module):
            graph.erase_node(node)
    return graph


def writes_in_place(node: fx.Node, module: nn.Module) -> bool:
    """Whether a step changes what it reads."""
    if node.op == "call_module":
        return bool(getattr(module.get_submodule(str(node.target)), "inplace", False))
    return bool(node.kwargs.get("inplace", False)) or (node.op == "call_method" and str(node.target).endswith("_"))


class _ExampleTracer(fx.Tracer):
    """Knows an example's value at every step, for what code asks of lengths, shapes and truth."""

    def __init__(self, place: str, known: Examples) -> None:
        super().__init__()
        called = place in known.inputs
        self._example: Iterator[Any] = iter(known.inputs[place]) if called else itertools.repeat(Unknown())
        self._outputs = known.outputs
        self._computing = False

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Every child is a step."""
        return True

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """A step, unless it is part of finding a step's value."""
        return forward(*args, **kwargs) if self._computing else super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """A tensor as a step, unless it is part of finding a step's value."""
        return attr_val if self._computing else super().getattr(attr, attr_val, parameter_proxy_cache)

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any) -> fx.Proxy:
        """A step with its value."""
        proxy = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        self._computing = True
        try:
            proxy.node.meta[_VALUE] = self._value(proxy.node)
        finally:
            self._computing = False
        return proxy

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """The parts of a tuple, as many as the example has."""
        value = obj.node.meta[_VALUE]
        if not isinstance(value, tuple | list):
            return super().iter(obj)
        return iter([_item(obj, index) for index in range(len(value))])

    def to_bool(self, obj: fx.Proxy) -> bool:
        """What the example decides, where no tensor's data do."""
        value = obj.node.meta[_VALUE]
        if isinstance(value, Tensor | Unknown):
            return super().to_bool(obj)
        return bool(value)

    def _known(self, node: fx.Node) -> Any:
        # Of buffers fx makes steps that are no proxies.
        return node.meta[_VALUE] if _VALUE in node.meta else self._value(node)

    def _value(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return next(self._example)
        if node.op == "get_attr":
            return _attribute(self.root, str(node.target))
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), self._known)
        if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())):
            return Unknown()
        if node.op == "call_module":
            module = self.root.get_submodule(str(node.target))
            key = _call_key(module, args)
            return module(*args, **kwargs) if kwargs or key not in self._outputs else self._outputs[key]
        if node.op == "call_method":
            return getattr(args[0], str(node.target))(*args[1:], **kwargs)
        assert callable(node.target)
        return node.target(*args, **kwargs)


def _item(proxy: Any, index: int) -> Any:
    return proxy[index]


def _attribute(root: nn.Module, path: str) -> Any:
    owner, _, name = path.rpartition(".")
    return getattr(root.get_submodule(owner), name)


def shape_of(node: Any) -> str:
    """The shape of a step's value in the example, for people; empty where it is no tensor's."""
    value = node.meta.get(_VALUE) if isinstance(node, fx.Node) else None
    if not isinstance(value, Tensor):
        return ""
    return f"({', '.join(['N', *map(str, value.shape[1:])])})"
