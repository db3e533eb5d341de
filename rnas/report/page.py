"""What every page is made with: templates, files beside them, and a policy that keeps a page to itself."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment() -> Environment:
    """Templates of this package; whatever they show is escaped."""
    return Environment(
        loader=PackageLoader("rnas.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(*names: str) -> str:
    """The text of files of this package, one after the other."""
    return "\n".join(files("rnas.report").joinpath(name).read_text("utf-8") for name in names)


def policy(*scripts: str) -> str:
    """A Content-Security-Policy that allows these scripts alone, styles in the page, and no request at all."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
