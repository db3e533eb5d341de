"""What a module's ``forward`` does with its inputs and children, followed on an example without data."""

import copy
import inspect
import itertools
from collections.abc import Iterator
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


def example_inputs(module: nn.Module, images: Tensor) -> dict[str, tuple[Any, ...]]:
    """What every submodule is called with first, by its name, in a run on some images.

    Args:
        module: without data.
        images: (N, C, H, W) on the device ``meta``.

    Raises:
        InputError: what it does depends on more than shapes.
    """
    found: dict[str, tuple[Any, ...]] = {}
    handles = []
    for name, submodule in module.named_modules():

        def keep(_module: nn.Module, args: tuple[Any, ...], name: str = name) -> None:
            found.setdefault(name, args)

        handles.append(submodule.register_forward_pre_hook(keep))
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
    return found


def trace(module: nn.Module, example: tuple[Any, ...] | None, where: str) -> fx.Graph:
    """The graph of one module's ``forward``, its children as single steps; dead steps are left out.

    Python's own control flow is followed as the example takes it, and loops are unrolled.

    Args:
        module: without data.
        example: arguments of a call, or None where the module is never called.
        where: the module's place in the network, for messages.

    Raises:
        InputError: it decides by the values of its inputs, or takes anything but tensors in their order.
    """
    parameters = inspect.signature(module.forward).parameters.values()
    if any(p.default is not p.empty or p.kind is not p.POSITIONAL_OR_KEYWORD for p in parameters):
        raise InputError(f"{where}: forward takes optional arguments, and so cannot be written as source")
    try:
        with torch.no_grad():
            graph = _ExampleTracer(example).trace(module)
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

    def __init__(self, example: tuple[Any, ...] | None) -> None:
        super().__init__()
        self._example: Iterator[Any] = itertools.repeat(Unknown()) if example is None else iter(example)
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
            return self.root.get_submodule(str(node.target))(*args, **kwargs)
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
