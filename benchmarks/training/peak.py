"""Measure the peak floating point speed of a device, which no network exceeds."""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from rnas.training.numerics import Numerics

_RUNS = 15
_SIDE = {"cpu": 1024, "cuda": 8192}
# These are channels, height and width, and images of a 3x3 convolution, which is faster on some CPUs.
_CONVOLUTION = {"cpu": (128, 16, 32), "cuda": (512, 32, 128)}


def peak(device: torch.device, precision: str) -> float:
    """Return the floating point operations a second of a large matrix product or a large convolution, the faster one.

    Operations of a convolution are counted as in networks, including those on the padding.

    Args:
        device: the device; a CPU uses the present number of threads.
        precision: ``float32``, ``tf32`` or ``bfloat16``.
    """
    side, (channels, height, images) = _SIDE[device.type], _CONVOLUTION[device.type]
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32

    def drawn(*shape: int) -> Tensor:
        tensor = torch.randn(*shape, device=device).to(dtype)
        return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor

    left, right = drawn(side, side), drawn(side, side)
    maps, weights = drawn(images, channels, height, height), drawn(channels, channels, 3, 3)
    operations = 2 * 9 * (channels * height) ** 2 * images
    with Numerics(tf32=precision == "tf32").active(device):
        product = 2 * side**3 / _least_seconds(lambda: left @ right, device)
        convolution = operations / _least_seconds(lambda: F.conv2d(maps, weights, padding=1), device)
    return max(product, convolution)


def _least_seconds(work: Callable[[], object], device: torch.device) -> float:
    # This is the processor time of one thread, which other programs hardly change.
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
    """Wait until a GPU has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
