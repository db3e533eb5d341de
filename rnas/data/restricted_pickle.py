"""Read a published pickle without running any code in it."""

import pickle
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.utils._regular_files import require_regular

# These names, from old and new NumPy, are all that an array of numbers needs.
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
            raise pickle.UnpicklingError(f"it contains {module}.{name}, which is not data")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_arrays(path: Path) -> Any:
    """Return containers, numbers, bytes, text and NumPy arrays of a pickle file, whose text is read as latin-1.

    Raises:
        InputError: the file is unreadable, truncated, or contains anything else. No code in it is executed.
    """
    require_regular(path)
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # A damaged pickle raises almost anything.
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable data file ({reason}); download it again") from None
