"""Draw architectures as markup for any HTML page."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from rnas.report._cell_drawing import draw_cell
from rnas.report._description import is_cell
from rnas.report._residual_drawing import draw_residual
from rnas.report._residual_stages import is_residual


def draw(architecture: Mapping[str, Any]) -> str:
    """Return the markup of one architecture, given as its JSON object; all of its values are escaped.

    A residual network or a NAS-Bench-201 cell is an SVG that scales to its container and names its colours as classes.
    Any other architecture is a list of its fields.
    """
    if is_residual(architecture):
        return draw_residual(architecture)
    if is_cell(architecture):
        return draw_cell(architecture)
    fields = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(_text(value))}</dd>" for name, value in architecture.items()
    )
    return f'<dl class="listing">{fields}</dl>'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
