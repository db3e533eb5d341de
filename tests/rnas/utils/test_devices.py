"""Memory that ran out, and devices that an error made unusable."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from rnas.errors import DeviceLostError, InputError
from rnas.utils import _devices as devices
from rnas.utils._devices import (
    memory_fraction,
    mps_runs,
    noticing_loss,
    now,
    out_of_memory,
    peak_memory,
    share_memory,
)

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


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Return the errors that using a CPU raises: at first none."""
    errors: list[Exception] = []

    def use(_device: str) -> None:
        if errors:
            raise errors[0]

    monkeypatch.setattr(devices, "CONTEXTS", {"cpu": use})
    return errors


def test_an_error_that_leaves_the_device_usable_stays_what_it_is(context: list[Exception]) -> None:
    with pytest.raises(ValueError, match="shapes"), noticing_loss("resume"):
        raise ValueError("shapes")
    # Where memory ran out the device is not lost.
    context.append(CUDA_FULL)
    with pytest.raises(ValueError, match="shapes"), noticing_loss("resume"):
        raise ValueError("shapes")
    context[0] = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    with pytest.raises(InputError, match="depth"), noticing_loss("resume"):
        raise InputError("depth")


def test_an_error_that_loses_the_device_says_how_to_continue(context: list[Exception]) -> None:
    context.append(torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nCompile with"))
    words = "this process can no longer use the device cpu (CUDA error: an illegal memory access was encountered)"
    with pytest.raises(DeviceLostError) as outer, noticing_loss("resume with: b"), noticing_loss("resume with: a"):
        raise ValueError("shapes")
    assert str(outer.value) == f"{words}; resume with: b"


def test_the_parts_of_a_gpu_leave_room_for_each_process() -> None:
    total = 80 * 2**30
    assert memory_fraction(total, 1) == 1
    for processes in (2, 4, 8):
        part = memory_fraction(total, processes)
        assert processes * (part * total + 2**29) <= total
        assert part > 0.9 / processes
    assert memory_fraction(2**30, 8) > 0


def test_the_memory_of_a_process_is_counted_in_bytes_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    kibibytes = devices.resource.getrusage(devices.resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr(devices, "sys", SimpleNamespace(platform="linux"))
    assert peak_memory("cpu") == pytest.approx(1024 * kibibytes, rel=0.01)
    # A Mac counts bytes itself.
    monkeypatch.setattr(devices, "sys", SimpleNamespace(platform="darwin"))
    assert peak_memory("cpu") == pytest.approx(kibibytes, rel=0.01)
    monkeypatch.setattr(devices, "resource", None)
    assert peak_memory("cpu") is None


def test_a_process_may_use_its_part_of_a_shared_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, str]] = []
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=80 * 2**30))
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda *given: asked.append(given))
    share_memory("cuda:1", 1)
    share_memory("cpu", 4)
    assert asked == []
    share_memory("cuda:1", 4)
    assert asked == [(memory_fraction(80 * 2**30, 4), "cuda:1")]


def test_the_service_that_shares_a_gpu_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    assert not mps_runs()
    (tmp_path / "control").touch()
    assert mps_runs()


def test_a_time_is_read_once_the_device_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    assert now("cuda:1") <= now("cpu")
    assert waited == ["cuda:1"]
