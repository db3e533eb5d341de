"""Memory that ran out, and devices that an error made unusable."""

import pytest
import torch

from rnas.utils._devices import out_of_memory

CUDA_FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def in_capture(hidden: Exception) -> Exception:
    """Return what torch raises where an error ends the capture of a graph: the error itself is its context."""
    try:
        try:
            raise hidden
        finally:
            raise torch.AcceleratorError("CUDA error: operation failed due to a previous error during capture")
    except torch.AcceleratorError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        CUDA_FULL,
        torch.AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be reported asynchronously"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("CUDA driver error: out of memory"),
        RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED"),
        in_capture(CUDA_FULL),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("could not create a primitive"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_every_way_to_say_that_memory_ran_out_is_understood(error: Exception) -> None:
    assert out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        RuntimeError("FIND was unable to find an engine to execute this computation"),
        ValueError("could not create a primitive"),
        torch.AcceleratorError("CUDA error: device-side assert triggered"),
        in_capture(ValueError("a network that reads a number")),
        RuntimeError("std::bad_function_call"),
    ],
)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not out_of_memory(error)
