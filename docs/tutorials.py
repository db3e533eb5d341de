"""Run the notebooks, and write each as a page of the site."""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from rnas.utils.files import file_hash

ROOT = Path(__file__).parents[1]
PACKAGES = ("rnas", "search_spaces", "baselines")
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
CACHE = ROOT / "build" / "notebooks"
"""What has been run stays here until a notebook, a file of the packages or a pinned version changes."""


def executed(name: str) -> Any:
    """Return a notebook with its outputs; it is run only if it, or what it uses, has changed."""
    path = NOTEBOOKS[name]
    kept = CACHE / f"{name}-{fingerprint(path)[:16]}.ipynb"
    if not kept.exists():
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            # The limit is against cells that hang, and no measure of speed.
            client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
            client.extra_arguments = ["--IPKernelApp.log_level=40"]
            client.execute(env={**os.environ, "TMPDIR": folder})
        CACHE.mkdir(parents=True, exist_ok=True)
        written = kept.with_suffix(f".{os.getpid()}")
        nbformat.write(notebook, written)
        written.replace(kept)
    return nbformat.read(kept, as_version=4)


def fingerprint(notebook: Path, root: Path = ROOT) -> str:
    """Return a hash of a notebook and of what it uses: the packages with their data, and the versions of others."""
    files = (file for package in PACKAGES for file in (root / package).rglob("*") if file.is_file())
    used = sorted(file for file in files if "__pycache__" not in file.parts)
    lines = [f"{file.relative_to(root)} {file_hash(file)}" for file in (notebook, root / "constraints.txt", *used)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def page(name: str) -> tuple[str, dict[str, bytes]]:
    """Return the Markdown of a notebook that was run, and its figures by file name."""
    title, *cells = executed(name).cells
    heading, _, below = title.source.partition("\n")
    parts = [
        heading,
        f'!!! note "This page is a notebook"\n    It was run when this site was built: [download it]({name}.ipynb).',
        below.strip(),
    ]
    figures: dict[str, bytes] = {}
    for cell in cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(_fenced(cell.source, ".python"))
        for kind, content in _outputs(cell):
            if kind == "image/png":
                file = f"{name}-{len(figures) + 1}.png"
                figures[file] = base64.b64decode(content)
                parts.append(f"![Figure {len(figures)} of this notebook]({file}){{.figure}}")
            elif kind == "text/html":
                parts.append(f'<div class="output">{content}</div>')
            else:
                parts.append(_fenced(content, ".text .output"))
    return "\n\n".join(parts) + "\n", figures


def _fenced(text: str, classes: str) -> str:
    return f"~~~~{{{classes}}}\n{text.rstrip()}\n~~~~"


def _outputs(cell: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and content of what a cell prints and shows; all that it prints is one block, without warnings."""
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    if printed:
        yield "text/plain", printed
    for output in cell.outputs:
        data = output.get("data", {})
        for kind in ("image/png", "text/html", "text/plain"):
            if kind in data:
                yield kind, data[kind]
                break
