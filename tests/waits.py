"""Count what a GPU would launch, and how often it would be waited for."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
READS = (aten._local_scalar_dense, aten.nonzero, aten.equal, aten.is_nonzero, aten.masked_select)
"""Operations that read a number or a size from the device."""

_INDEXED = (aten.index, aten.index_put, aten.index_put_)


class Waits(TorchDispatchMode):
    """Count the waits and the kernels in a block."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = self.kernels = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and do it."""
        self.waits += func.overloadpacket in READS
        self.kernels += not func.is_view
        if func.overloadpacket in _INDEXED:
            self.waits += sum(leaf.dtype == torch.bool for leaf in tree_leaves(args[1]) if isinstance(leaf, Tensor))
        return func(*args, **(kwargs or {}))
