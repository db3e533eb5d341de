"""Read the colours of the pages, for charts that are made in Python."""

import re
from collections.abc import Mapping
from functools import cache

from plotly.colors import sample_colorscale

from rnas.report._page import asset

_COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\);")

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"


@cache
def palette(dark: bool) -> Mapping[str, str]:
    """Return the colours by their names in ``report.css``, such as ``ink``, ``paper`` and ``stage-1``."""
    return {name: dark_one if dark else light_one for name, light_one, dark_one in _COLOUR.findall(asset("report.css"))}


def sequence(count: int, dark: bool) -> list[str]:
    """Return colours for ordered values; that of the largest value contrasts most with the page."""
    ends = ["#3f74ad", "#4fa3b8", "#f4d98b"] if dark else ["#f0c766", "#3c9aa5", "#173f73"]
    places = [0.5] if count == 1 else [place / (count - 1) for place in range(count)]
    return [str(shade) for shade in sample_colorscale(ends, places)]
