"""Fill weights as a function of the tensors' names, to compare a network with another implementation of it.

Two implementations with such weights give equal logits if and only if their forward passes and their names agree.
"""

import math
import zlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

_MODULUS = 2**31


def named_noise(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return float64 values in [-1, 1) that depend on the name and each value's position in row-major order."""
    position = torch.arange(math.prod(shape), dtype=torch.int64)
    state = (position * 1103515245 + zlib.crc32(name.encode()) + 12345) % _MODULUS
    state = (state * 1103515245 + 12345) % _MODULUS
    return (state.double() / 2**30 - 1).reshape(shape)


def fill_by_name(module: nn.Module, gain: float = 1.0, rename: Callable[[str], str] = str) -> None:
    """Fill every parameter and every floating-point buffer of a module, in place.

    Weights with two or more dimensions are uniform with a variance of ``gain``^2 divided by their fan-in. Weights with
    one dimension are near 1, biases and running means near 0, and running variances in [0.5, 1.5).

    Args:
        module: the module to fill.
        gain: standard deviation of a layer's output for inputs of unit variance.
        rename: function from the module's names of tensors to those of the other implementation.
    """
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = named_noise(rename(name), tuple(tensor.shape))
            kind = name.rpartition(".")[2]
            if kind in ("running_mean", "bias"):
                values = 0.1 * noise
            elif kind == "running_var":
                values = 1 + 0.5 * noise
            elif tensor.dim() >= 2:
                values = noise * gain * math.sqrt(3 / math.prod(tensor.shape[1:]))
            else:
                values = 1 + 0.2 * noise
            tensor.copy_(values)
