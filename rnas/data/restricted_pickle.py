"""Reading a published pickle without running anything in it."""

import pickle
from pathlib import Path
from typing import Any

from rnas.errors import InputError

# What an array of numbers needs to be rebuilt, under the names of old and new NumPy, and nothing else.
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which is not data")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_arrays(path: Path) -> Any:
    """Containers, numbers, bytes, text and NumPy arrays of a pickle file, whose text is read as latin-1.

    Raises:
        InputError: the file is unreadable, truncated, or holds anything else. Nothing of it is executed.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # A damaged pickle raises almost anything.
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable data file ({reason}); fetch it again") from None
