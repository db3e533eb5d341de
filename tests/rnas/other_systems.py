"""Make this process as poor as it is on Windows; imported before rnas.

Modules and signals that Windows lacks are hidden, files that are open can be neither replaced nor removed, and text in
the system's own encoding is an error.
"""

import ctypes
import errno
import os
import signal
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_HIDDEN = ("resource", "fcntl", "pwd", "grp", "termios", "tty")


def hide() -> None:
    """Hide what Windows lacks, in all modules that are imported from now on."""
    for name in _HIDDEN:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in ("SIGKILL", "SIGUSR1", "SIGHUP"):
        delattr(signal, name)
    for name in ("fork", "sched_getaffinity", "killpg", "setsid"):
        delattr(os, name)
    _guard(os, "replace", 2)
    _guard(os, "rename", 2)
    _guard(os, "unlink", 1)
    _guard(os, "remove", 1)
    synchronise, library = os.fsync, ctypes.CDLL

    def fsync(descriptor: int) -> None:
        if not os.get_inheritable(descriptor) and "+" not in _mode(descriptor):
            raise OSError(errno.EBADF, "Bad file descriptor")
        synchronise(descriptor)

    def load(name: str | None, *given: Any, **options: Any) -> Any:
        if name is None:
            raise TypeError("LoadLibrary() argument 1 must be str, not None")
        return library(name, *given, **options)

    os.fsync, ctypes.CDLL = fsync, load  # type: ignore[assignment, misc]
    # With python -X warn_default_encoding.
    warnings.filterwarnings("error", category=EncodingWarning, module=r"(rnas|search_spaces|baselines)\b")


def say_windows() -> None:
    """Let the modules of rnas that ask for the system hear that it is Windows."""
    from rnas.training import _allocation
    from rnas.utils import _devices

    for module in (_allocation, _devices):
        module.sys = SimpleNamespace(platform="win32")  # type: ignore[attr-defined]


def _mode(descriptor: int) -> str:
    flags = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").split("flags:")[1].split()[0]
    return "r" if int(flags, 8) & os.O_ACCMODE == os.O_RDONLY else "r+"


def _guard(module: Any, name: str, paths: int) -> None:
    """Let a function fail where this process has one of its paths open, or a file below it."""
    real = getattr(module, name)

    def guarded(*given: Any, **options: Any) -> Any:
        if not options:
            for path in given[:paths]:
                where = os.path.abspath(path)
                # Python's own shared memory is another matter on Windows.
                if not where.startswith("/dev/") and any(
                    file == where or file.startswith(f"{where}/") for file in _open_files()
                ):
                    raise PermissionError(errno.EACCES, "the file is in use by another process", str(path))
        return real(*given, **options)

    setattr(module, name, guarded)


def _open_files() -> list[str]:
    """Return the paths of the files that this process has open or mapped."""
    files = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue
    with open("/proc/self/maps", encoding="utf-8") as file:
        files += [line.split(None, 5)[5].strip() for line in file if line.count("/")]
    return files
