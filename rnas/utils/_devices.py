"""Choose the device that work runs on."""

import resource
import time
from typing import Any

import torch

from rnas.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def torch_device(name: Any) -> str:
    """Return ``cpu`` or ``cuda``; ``auto`` takes a GPU where there is one.

    Raises:
        InputError: there is no such device, here or anywhere.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device {name!r}; known: {', '.join(DEVICES)}")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("device cuda is not available here; take device cpu")
    return "cuda" if available and name != "cpu" else "cpu"


def peak_memory(device: str) -> int:
    """Return the most bytes that this process has used so far: on the GPU, or in all."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def now(device: str) -> float:
    """Return ``time.perf_counter()`` once all work that was given to the device is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()
