"""Show rows as a small table in a notebook."""

from collections.abc import Iterable, Sequence
from html import escape


def notebook_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a title and a table as HTML; None is shown as an empty cell."""
    heading = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<p>{escape(title)}</p><table><tr>{heading}</tr>{body}</table>"
