"""A stand-in for CUDA graphs on a CPU: it records the operations of torch, and does them again without the code."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rnas.training._cuda_graph import warm_up
from tests.waits import READS

T = TypeVar("T")


class Tape(TorchDispatchMode):
    """Operations in their order, each with its tensors, which stay where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do an operation and record it."""
        keywords = kwargs or {}
        if func.overloadpacket in READS:
            raise RuntimeError(f"{func} is not permitted in a capture")
        result = func(*args, **keywords)
        # The result of a view is where its tensor is, and so is that of an operation in place.
        made = [] if any(returned.alias_info for returned in func._schema.returns) else tree_leaves(result)
        if not func.is_view:
            self.operations.append((func, args, keywords, [leaf for leaf in made if isinstance(leaf, Tensor)]))
        return result

    def replay(self) -> None:
        """Do all operations again, and write to where the results were."""
        # Derivatives and casts are among the operations.
        with torch._C._AutoDispatchBelowAutograd(), torch.autocast("cpu", enabled=False):
            for func, args, keywords, made in self.operations:
                again = func(*args, **keywords)
                leaves = [leaf for leaf in tree_leaves(again) if isinstance(leaf, Tensor)] if made else []
                for place, value in zip(made, leaves, strict=True):
                    place.copy_(value)


TAPES: list[Tape] = []
"""Every tape that was recorded."""


def recorded(work: Callable[[], T], state: Sequence[Tensor] = ()) -> tuple[Tape, T]:
    """Do what :func:`rnas.training._cuda_graph.captured` does."""
    warm_up(work, state)
    kept = [tensor.clone() for tensor in state]
    tape = Tape()
    try:
        with tape:
            result = work()
    finally:
        # A real capture does none of the work.
        for tensor, own in zip(state, kept, strict=True):
            tensor.copy_(own)
    TAPES.append(tape)
    return tape, result
