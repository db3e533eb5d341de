"""What is public is declared, resolves, is documented, and is all that notebooks and guides import."""

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
STUBS = {".".join(stub.parent.relative_to(ROOT).parts): stub for stub in sorted((ROOT / "rnas").rglob("__init__.pyi"))}
"""The packages that declare what is public, and where they do."""

ENTRIES = [
    (package, f"{package}.{node.module}" if node.module else package, alias.name)
    for package, stub in STUBS.items()
    for node in ast.parse(stub.read_text()).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
]
"""Package, module that defines it, and name of everything public."""


def test_the_packages_are_imported_without_torch() -> None:
    heavy = {"torch", "optuna", "sklearn", "matplotlib", "tensorboard", "mlflow", "wandb"}
    code = f"import sys\nimport {', '.join(STUBS)}\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_no_name_is_listed_twice() -> None:
    listed = Counter((module, name) for _, module, name in ENTRIES if f"{module}.{name}" not in STUBS)
    assert [entry for entry, count in listed.items() if count > 1] == []
    for package in STUBS:
        names = [name for own, _, name in ENTRIES if own == package]
        assert sorted(names) == import_module(package).__all__


@pytest.mark.parametrize("package", STUBS)
def test_every_public_name_resolves_and_is_documented(package: str) -> None:
    wrong = {}
    for own, module, name in ENTRIES:
        if own == package:
            first = _documentation(getattr(import_module(package), name), module, name).split("\n")[0]
            if not re.fullmatch(r"[A-Z].*\.", first):
                wrong[name] = first
    assert wrong == {}


def _documentation(value: Any, module: str, name: str) -> str:
    """The docstring of a module, class or function, or what stands below an assignment."""
    if isinstance(value, ModuleType):
        return value.__doc__ or ""
    if isinstance(value, type):
        # A module may import for its readers what another one defines.
        module = value.__module__
    body = ast.parse(inspect.getsource(import_module(module))).body
    for place, node in enumerate(body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            text = body[place + 1] if place + 1 < len(body) else None
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                return inspect.cleandoc(str(text.value.value))
    return ""


def guides() -> Iterator[tuple[str, str]]:
    """Name and Python code of everything that shows others how to use the package."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield path.name, "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        yield (
            str(path.relative_to(ROOT)),
            "\n".join(re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)),
        )


GUIDES = dict(guides())


@pytest.mark.parametrize("guide", GUIDES)
def test_guides_import_only_what_is_public(guide: str) -> None:
    assert [used for used in _used(ast.parse(GUIDES[guide])) if not _is_public(*used)] == []


def _used(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of all that is imported from rnas, and of what is read as ``rnas.name``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("rnas."):
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if f"{alias.name}.".startswith("rnas."))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rnas":
            yield "rnas", node.attr


def _is_public(module: str, name: str) -> bool:
    return module in STUBS and (name in import_module(module).__all__ or not name or f"{module}.{name}" in STUBS)
