"""How fast a device multiplies and adds at best, which no network exceeds."""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

_RUNS = 15
_SIDE = {"cpu": 1024, "cuda": 8192}
# Channels, height and width, and images of a 3x3 convolution: on some CPUs libraries are faster at these.
_CONVOLUTION = {"cpu": (128, 16, 32), "cuda": (512, 32, 128)}


def peak(device: torch.device, precision: str) -> float:
    """Floating point operations a second of the faster of a product of large matrices and a large convolution.

    Those of a convolution are counted as networks' are, with what is beyond the border.

    Args:
        device: with as many threads as are to be compared, where it is a CPU.
        precision: ``float32``, ``tf32`` or ``bfloat16``.
    """
    side, (channels, height, images) = _SIDE[device.type], _CONVOLUTION[device.type]
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32

    def drawn(*shape: int) -> Tensor:
        tensor = torch.randn(*shape, device=device).to(dtype)
        return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor

    left, right = drawn(side, side), drawn(side, side)
    maps, weights = drawn(images, channels, height, height), drawn(channels, channels, 3, 3)
    allowed = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    product = 2 * side**3 / _least_seconds(lambda: left @ right, device)
    operations = 2 * 9 * (channels * height) ** 2 * images
    convolution = operations / _least_seconds(lambda: F.conv2d(maps, weights, padding=1), device)
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = allowed
    return max(product, convolution)


def _least_seconds(work: Callable[[], object], device: torch.device) -> float:
    # Of a CPU's own time with one thread, which other programs hardly change.
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    work()
    seconds = []
    for _ in range(_RUNS):
        synchronize(device)
        started = clock()
        work()
        synchronize(device)
        seconds.append(clock() - started)
    return min(seconds)


def synchronize(device: torch.device) -> None:
    """Wait for all that a GPU has been given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
