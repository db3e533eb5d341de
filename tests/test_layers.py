"""What import-linter cannot see: modules that are loaded later, by their names or within functions."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][1]["layers"]
FILES = sorted((ROOT / "rnas").rglob("*.py"))

_OF_EXTRAS = {"rnas.nas.nni.samples", "rnas.nas.nni.space", "rnas.nas.execution.ray_tasks"}
"""Modules that import the library of an extra."""


def test_nothing_is_loaded_later_from_a_folder_above() -> None:
    upward, found = [], 0
    for path in FILES:
        own = path.relative_to(ROOT / "rnas").parts[0].removesuffix(".py")
        for other in re.findall(r'LazyModule\("rnas\.(\w+)', path.read_text()):
            found += 1
            if LAYERS.index(own) > LAYERS.index(other):
                upward.append(f"{path.relative_to(ROOT)}: rnas.{other}")
    assert found > 10
    assert upward == []


def test_functions_import_nothing_of_rnas_but_on_the_command_line() -> None:
    within = set()
    for path in FILES:
        if "cli" not in path.relative_to(ROOT).parts:
            for function in ast.walk(ast.parse(path.read_text())):
                if isinstance(function, ast.FunctionDef):
                    within |= {
                        (str(path.relative_to(ROOT)), one.module)
                        for one in ast.walk(function)
                        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("rnas")
                    }
    assert {(path, module) for path, module in within if module not in _OF_EXTRAS} == set()
