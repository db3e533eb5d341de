"""Choose the device that work runs on, and tell whether it still works."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnas.errors import DeviceLostError, InputError, RnasError, error_text
from rnas.utils._lazy import LazyModule
from rnas.utils._text import one_line

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")

try:
    import resource
except ImportError:  # Windows has no such module.
    resource = None  # type: ignore[assignment]

DEVICES = ("auto", "cpu", "cuda")

_BATCH, _MEMORY_OF_A_BATCH, _MOST_BATCHES = 500, 24 * 2**30, 4
_LONGEST_REASON = 200
_CONTEXT_BYTES = 2**29
"""Memory of a GPU that a process needs in addition to its tensors: the context, kernels, and the libraries' own."""

_OUT_OF_MEMORY = (
    # The caching allocator, also where torch gives its error another class.
    "CUDA out of memory",
    # The runtime and the driver, where they make a context, load a kernel, or turn a capture into a graph.
    "CUDA error: out of memory",
    "CUDA driver error: out of memory",
    "HIP out of memory",
    "HIP error: out of memory",
    # Libraries of NVIDIA: cuBLAS says "not initialized" where it gets no memory for its handle.
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "CUSOLVER_STATUS_ALLOC_FAILED",
    # The caching allocator, if it wants to free memory after a capture that failed.
    "captures_underway.empty()",
    # The allocator of the CPU.
    "can't allocate memory",
    # oneDNN, which convolves on CPUs, without memory for code or scratch space.
    "bad_alloc",
    "could not create a primitive",
    "could not create a memory object",
)
"""Texts by which a RuntimeError says that memory ran out."""

_FAILED_CAPTURE = ("StreamCapture", "during capture", "stream is capturing")
"""Texts of errors that hide the one for which the capture of a CUDA graph failed."""


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


def peak_memory(device: str) -> int | None:
    """Return the most bytes that this process has used, on the GPU or in all; None if the system does not say."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved(device)
    if resource is None:
        return None
    # In KiB, but in bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def evaluation_batch(device: str) -> int:
    """Return how many images at a time an evaluation takes if nobody says; the more memory, the more on a GPU."""
    if not device.startswith("cuda"):
        return _BATCH
    memory = torch.cuda.get_device_properties(device).total_memory
    return _BATCH * min(max(memory // _MEMORY_OF_A_BATCH, 1), _MOST_BATCHES)


def now(device: str) -> float:
    """Return ``time.perf_counter()`` once all work that was given to the device is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()


def release(device: str = "cuda") -> None:
    """Free memory of objects that are no longer in use, on a GPU also for other processes."""
    gc.collect()
    # A GPU that this process has lost refuses this as well.
    with suppress(RuntimeError):
        if device.startswith("cuda") and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Return whether an exception means that memory of the GPU or of the host ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = error_text(error)
    if not isinstance(error, RuntimeError):
        return False
    if any(words in text for words in _OUT_OF_MEMORY):
        return True
    hidden = error.__context__
    return hidden is not None and any(words in text for words in _FAILED_CAPTURE) and out_of_memory(hidden)


def _require_cuda(device: str) -> None:
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize(device)


CONTEXTS: dict[str, Callable[[str], None]] = {"cuda": _require_cuda}
"""Types of devices that an error may make unusable for the whole process. The function raises once that has happened.

It is called with the name of a device, such as ``cuda:0``.
"""

_distrusted: set[str] = set()


def has_context(device: str) -> bool:
    """Return whether an error may make a device unusable for the process in which it occurs."""
    return _type(device) in CONTEXTS


def lost(device: str | None = None) -> str:
    """Return in one line why this process can no longer use a device, or empty text if it can.

    Args:
        device: the device; None is every type of device, each the one in use.
    """
    for name in CONTEXTS if device is None else [device]:
        check = CONTEXTS.get(_type(name))
        if check is None:
            continue
        try:
            check(name)
        except Exception as error:
            if not out_of_memory(error):
                words = one_line(next(iter(error_text(error).splitlines()), type(error).__name__), _LONGEST_REASON)
                return f"this process can no longer use the device {name} ({words})"
    return ""


def distrust(device: str) -> None:
    """Note that an error may have left torch in disorder: a worker process should not evaluate on the device again."""
    _distrusted.add(_type(device))


def trusted(device: str) -> bool:
    """Return whether nothing is noted by :func:`distrust`."""
    return _type(device) not in _distrusted


@contextmanager
def noticing_loss(advice: str) -> Iterator[None]:
    """Turn an error of the block after which a device cannot be used here into one that says so.

    Args:
        advice: how to continue, in another process.

    Raises:
        DeviceLostError: this process can no longer use the device.
    """
    try:
        yield
    except DeviceLostError as error:
        raise DeviceLostError(error.reason, advice) from error
    except RnasError:
        raise
    except Exception as error:
        reason = lost()
        if not reason:
            raise
        raise DeviceLostError(reason, advice) from error


def memory_fraction(total: int, processes: int) -> float:
    """Return the share of a GPU's memory, in (0, 1], that each of some processes may fill with tensors.

    Args:
        total: bytes of the GPU.
        processes: how many share it, at least 1; each needs some memory in addition to its tensors.
    """
    return 1.0 if processes == 1 else max(1 / processes - _CONTEXT_BYTES / total, 0.5 / processes)


def share_memory(device: str, processes: int) -> None:
    """Allow this process its share of a GPU's memory, so that what fits does not depend on the others.

    Args:
        device: the GPU; on a CPU nothing is done.
        processes: how many share it.
    """
    if device.startswith("cuda") and processes > 1:
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(memory_fraction(total, processes), device)


def mps_runs() -> bool:
    """Return whether NVIDIA's Multi-Process Service runs here, by which kernels of several processes run side by side.

    Every process that uses a GPU then uses it by itself.
    """
    folder = os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")
    return (Path(folder) / "control").exists()


def _type(device: str) -> str:
    return device.partition(":")[0]
