"""Render the common frame of all pages, with a policy that forbids network access."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from rnas import __version__
from rnas.report._blocks import Block, Heading, Table
from rnas.utils.files import write_text


def write_blocks(path: Path, kind: str, title: str, blocks: Sequence[Block]) -> None:
    """Write the page of :func:`render_blocks`."""
    write_text(path, render_blocks(kind, title, blocks))


def render_blocks(
    kind: str, title: str, blocks: Sequence[Block], lead: str = "", data: Mapping[str, Any] | None = None
) -> str:
    """Return a page that shows blocks in order; each heading begins a section.

    Args:
        kind: what the page is of, such as ``rule test``.
        title: its heading.
        blocks: what it shows, in order.
        lead: the sentence below the title; may be empty.
        data: light and dark version of each of its figures, by their ids; None without figures.
    """
    sortable = any(isinstance(block, Table) and block.sortable for block in blocks)
    scripts = ["theme.js"]
    scripts += ["sorting.js"] if sortable else []
    scripts += ["plots.js", "figures.js"] if data is not None else []
    return render(
        "blocks.html",
        scripts=tuple(scripts),
        styles=("blocks.css",),
        data=data,
        charts=data is not None,
        kind=kind,
        title=title,
        lead=lead,
        blocks=blocks,
        sections=[block for block in blocks if isinstance(block, Heading)],
    )


def render(
    template: str,
    *,
    scripts: tuple[str, ...],
    styles: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
    charts: bool = False,
    **shown: Any,
) -> str:
    """Return a page as HTML text; equal arguments give equal text.

    The page contains everything that it needs, and tells the browser to refuse all requests and all scripts but its
    own. Shown values are escaped.

    Args:
        template: file of this package that extends ``base.html``.
        scripts: script files of this package, run in this order after ``page.js``, the data and plotly, as far as these
            are given.
        styles: style files of this package that follow ``report.css``.
        data: JSON values that the scripts read; a number that is not finite raises ValueError.
        charts: whether the scripts draw with plotly.
        shown: values that the template shows.
    """
    own = asset("page.js", *scripts)
    run = (get_plotlyjs(), own) if charts else (own,)
    return (
        environment()
        .get_template(template)
        .render(
            shown,
            policy=policy(*run),
            style=Markup(asset("report.css", *styles)),
            data=None if data is None else _json(data),
            scripts=[Markup(script) for script in run],
            version=__version__,
        )
    )


def yaml_text(content: Any) -> str:
    """Format JSON values as YAML for people, with short values on one line."""
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    return text.rstrip()


def short(value: Any, digits: int) -> Any:
    """Round a number to a number of significant digits, to keep pages small; return anything else unchanged."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _json(data: Mapping[str, Any]) -> Markup:
    """Write short JSON that is safe inside a page."""
    return htmlsafe_json_dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


@cache
def environment() -> Environment:
    """Return the environment of this package's templates, which escapes all values."""
    return Environment(
        loader=PackageLoader("rnas.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(*names: str) -> str:
    """Return the joined text of files of this package."""
    return "\n".join(files("rnas.report").joinpath("assets", name).read_text("utf-8") for name in names)


def policy(*scripts: str) -> str:
    """Return a Content-Security-Policy that allows only these scripts, styles in the page, and no requests."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
