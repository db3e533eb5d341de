"""Show rows as a data frame, or as a small table in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any

from rnas.errors import InputError


class Tabular(ABC):
    """Show a result that holds rows as a ``pandas.DataFrame``."""

    @abstractmethod
    def rows(self) -> Iterable[Mapping[str, Any]]:
        """Return the rows, each with its values by the names of the columns."""

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            pandas: Any = import_module("pandas")
        except ImportError:
            raise InputError("a data frame needs pandas, which is not installed: pip install pandas") from None
        return pandas.DataFrame([dict(row) for row in self.rows()])


def flat_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose values may be mappings with a column for each inner value, such as ``tau_low``.

    An inner ``value`` has the column's own name.
    """
    flat: dict[str, Any] = {}
    for name, content in row.items():
        inner = content if isinstance(content, Mapping) else {"value": content}
        flat |= {name if key == "value" else f"{name}_{key}": value for key, value in inner.items()}
    return flat


def notebook_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a title and a table as HTML; None is shown as an empty cell."""
    heading = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<p>{escape(title)}</p><table><tr>{heading}</tr>{body}</table>"
