"""Record the origin of a number: versions, device, and hashes of the inputs that decide it."""

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")


_PROCESSORS = Path("/proc/cpuinfo")
_DRIVER = Path("/proc/driver/nvidia/version")
_LIBRARIES = ("rnas", "torch", "numpy", "scipy", "scikit-learn", "pymoo", "optuna")


def versions() -> dict[str, str]:
    """Return versions of Python, of the libraries that decide results, and of packages with plug-ins, by name."""
    return libraries() | plugins()


@cache
def libraries() -> dict[str, str]:
    """Return versions of Python and of the libraries that decide every result, by name."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


@cache
def plugins() -> dict[str, str]:
    """Return versions of the installed packages other than rnas that register any plug-in, by name."""
    found: dict[str, str] = {}
    for package in distributions():
        if any(point.group.startswith("rnas.") for point in package.entry_points) and package.name != "rnas":
            # Python imports a package from the first place that has it.
            found.setdefault(package.name, package.version)
    return dict(sorted(found.items()))


def device_name(device: str) -> str:
    """Return the name of the processor of a torch device, for people."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{device} ({platform.machine()}, {torch.get_num_threads()} thread(s))"


@cache
def processor(device: str) -> str:
    """Return the processor model of a torch device and the features that torch uses; other models round differently.

    Of a GPU, the versions of CUDA, cuDNN and the driver belong to it. The text is empty if the system does not report
    it.
    """
    if device.startswith("cuda"):
        return ", ".join((torch.cuda.get_device_name(device), *_gpu_software()))
    told = _PROCESSORS.read_text(encoding="utf-8", errors="replace") if _PROCESSORS.is_file() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    name = model[1].strip() if model is not None else platform.processor()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}" if name else ""


def _gpu_software() -> tuple[str, ...]:
    """Return the versions that decide how a GPU rounds; torch's own version is the same for every CUDA."""
    driver = re.search(r"Kernel Module.*?\s(\d[\d.]+)\s", _DRIVER.read_text()) if _DRIVER.is_file() else None
    found = {
        "CUDA": torch.version.cuda,
        "ROCm": torch.version.hip,
        "cuDNN": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "driver": None if driver is None else driver[1],
    }
    return tuple(f"{name} {version}" for name, version in found.items() if version is not None)


def json_hash(value: Mapping[str, Any]) -> str:
    """Return the first 12 hexadecimal digits of the sha256 of a mapping's JSON with sorted names."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
