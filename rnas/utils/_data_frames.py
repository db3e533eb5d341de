"""Make data frames, where pandas is installed."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from rnas.errors import InputError


def data_frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return rows as a ``pandas.DataFrame``.

    Raises:
        InputError: pandas is not installed.
    """
    try:
        pandas: Any = import_module("pandas")
    except ImportError:
        raise InputError("a data frame needs pandas, which is not installed: pip install pandas") from None
    return pandas.DataFrame([dict(row) for row in rows])
