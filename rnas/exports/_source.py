"""Collect the source of the definitions that a network needs, as their authors wrote them."""

import ast
import builtins
import importlib
import inspect
import symtable
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from itertools import pairwise
from types import ModuleType
from typing import Any

from torch import nn

from rnas.errors import InputError

OTHERWISE = "or choose format torch-export, which needs no source"


@dataclass(frozen=True)
class Import:
    """The import of one name.

    Attributes:
        module: the module that is imported, or that the name is imported from.
        member: the name in that module; empty where the module itself is imported.
        alias: the name in the file; empty where it is the same.
    """

    module: str
    member: str = ""
    alias: str = ""

    @property
    def name(self) -> str:
        """Return the name that it binds in the file."""
        return self.alias or self.member or self.package

    @property
    def package(self) -> str:
        """Return the top-level package of the module."""
        return self.module.partition(".")[0]

    @property
    def meaning(self) -> str:
        """Return the full name of the imported object."""
        return f"{self.module}.{self.member}" if self.member else self.module if self.alias else self.package

    @property
    def is_allowed(self) -> bool:
        """Return whether it is from torch or the standard library."""
        return self.package == "torch" or self.package in sys.stdlib_module_names


class Source:
    """The copied definitions and everything that they use, in order of use.

    Names from torch and the standard library are imported. Names of the given packages are followed to the statement
    that defines them, and that statement is copied.

    Args:
        packages: packages whose source is copied.
        taken: names that a definition must not have.

    Attributes:
        constants: the copied assignments that use no class and no function.
        definitions: all other copied statements.
    """

    def __init__(self, packages: Iterable[str], taken: Iterable[str]) -> None:
        self.constants: list[str] = []
        self.definitions: list[str] = []
        self._packages = frozenset(packages)
        self._imports: dict[str, Import] = {}
        self._meanings = dict.fromkeys(taken, "a part of the exported file")
        self._modules: dict[str, _Module] = {}
        self._is_constant: dict[ast.stmt, bool] = {}

    def require(self, needed: Import) -> None:
        """Add an import; raise InputError if its name already means something else."""
        self._name(needed.name, needed.meaning)
        self._imports.setdefault(needed.name if needed.member or needed.alias else needed.module, needed)

    def name_of(self, thing: Any) -> str:
        """Add a class or a function with everything that it uses, and return the expression that names it.

        Raises:
            InputError: its source cannot be found, or it uses something that the file cannot contain.
        """
        name, module = str(thing.__qualname__), thing.__module__
        if getattr(nn, name, None) is thing:
            self.require(Import("torch", "nn"))
            return f"nn.{name}"
        if getattr(sys.modules.get(module), name, None) is not thing:
            raise InputError(f"{name} of {module} is not defined at the top level of that module; do so, {OTHERWISE}")
        self._follow(Import(module, name), "the network")
        return name

    def import_lines(self) -> list[str]:
        """Return the import statements in the order of isort."""
        groups: dict[int, list[Import]] = {0: [], 1: [], 2: []}
        for needed in self._imports.values():
            # Imports from __future__ come first, then the standard library, then other packages.
            place = 2 - (needed.package in sys.stdlib_module_names) - (needed.package == "__future__")
            groups[place].append(needed)
        return [line for group in groups.values() if group for line in ("", *_statements(group))][1:]

    def _name(self, name: str, meaning: str) -> None:
        other = self._meanings.setdefault(name, meaning)
        if other != meaning:
            raise InputError(f"{name} is the name of {other} and of {meaning}; rename one of them, {OTHERWISE}")

    def _follow(self, needed: Import, user: str) -> bool:
        """Add the target of an import; return whether it uses no copied class and no copied function."""
        if needed.is_allowed:
            self.require(needed)
            return True
        if needed.package not in self._packages:
            raise InputError(
                f"{user} uses {needed.meaning}, and the exported file can import only torch and the standard library; "
                f"leave it out, {OTHERWISE}"
            )
        if not needed.member or needed.meaning in sys.modules or needed.name != needed.member:
            raise InputError(
                f"{user} uses {needed.meaning} as {needed.name}; import each class, function and constant that it "
                f"needs from its module under its own name, {OTHERWISE}"
            )
        module = self._module(needed.module)
        statement = module.bound.get(needed.member)
        if statement is None:
            raise InputError(
                f"{user} uses {needed.name}, which no statement at the top level of {needed.module} defines; define it "
                f"there, {OTHERWISE}"
            )
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return self._follow(_import(statement, needed.name, module), user)
        if statement not in self._is_constant:
            self._copy(statement, module, needed.meaning)
        return self._is_constant[statement]

    def _copy(self, statement: ast.stmt, module: "_Module", meaning: str) -> None:
        """Add a statement after everything that it uses."""
        # A statement that refers back to this one while its names are followed is not a constant.
        self._is_constant[statement] = False
        own = _binds(statement)
        for name in own:
            self._name(name, f"{module.name}.{name}")
        if isinstance(module.bound.get("annotations"), ast.ImportFrom):
            self.require(Import("__future__", "annotations"))
        text = module.text(statement)
        used = [name for name in _uses(statement, text) if name not in own]
        needed = [name for name in used if name in module.bound or not hasattr(builtins, name)]
        constants = [self._follow(Import(module.name, name), meaning) for name in needed]
        constant = all(constants) and not isinstance(statement, ast.ClassDef | ast.FunctionDef)
        (self.constants if constant else self.definitions).append(text)
        self._is_constant[statement] = constant

    def _module(self, name: str) -> "_Module":
        if name not in self._modules:
            self._modules[name] = _parsed(sys.modules.get(name) or importlib.import_module(name))
        return self._modules[name]


@dataclass(frozen=True)
class _Module:
    """The source code of a module.

    Attributes:
        name: name of the module.
        package: package that its relative imports start from.
        lines: lines of its source.
        bound: the last statement at the top level that binds each name.
        documentation: the string after an assignment, by the assignment.
    """

    name: str
    package: str
    lines: list[str]
    bound: Mapping[str, ast.stmt]
    documentation: Mapping[ast.stmt, ast.stmt]

    def text(self, statement: ast.stmt) -> str:
        """Return a statement with its decorators, the comments above it and the string that documents it."""
        decorators = statement.decorator_list if isinstance(statement, ast.ClassDef | ast.FunctionDef) else []
        first = min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
        while first and self.lines[first - 1].startswith("#"):
            first -= 1
        return "\n".join(self.lines[first : self.documentation.get(statement, statement).end_lineno])


def _parsed(module: ModuleType) -> _Module:
    name = module.__name__
    try:
        text = inspect.getsource(module)
    except (OSError, TypeError):
        raise InputError(f"the source of module {name} cannot be found; put it into a .py file, {OTHERWISE}") from None
    body = ast.parse(text).body
    documentation: dict[ast.stmt, ast.stmt] = {
        statement: after
        for statement, after in pairwise(body)
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }
    # Imports that are only for type checkers are inside a branch.
    branches = [inner for statement in body if isinstance(statement, ast.If | ast.Try) for inner in statement.body]
    imports = [statement for statement in branches if isinstance(statement, ast.Import | ast.ImportFrom)]
    bound = {name: statement for statement in (*imports, *body) for name in _binds(statement)}
    return _Module(name, module.__package__ or "", text.splitlines(), bound, documentation)


def _binds(statement: ast.stmt) -> list[str]:
    """Return the names that a statement binds."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.partition(".")[0] for alias in aliases]
    return []


def _uses(statement: ast.stmt, text: str) -> list[str]:
    """Return the outside names that a statement uses, in order of occurrence."""
    outside = _global_names(symtable.symtable(text, "<source>", "exec"))
    places = {(node.lineno, node.col_offset): node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return list(dict.fromkeys(places[place] for place in sorted(places) if places[place] in outside))


def _global_names(table: symtable.SymbolTable) -> set[str]:
    outermost = table.get_type() == "module"
    names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outermost or s.is_global())}
    return names.union(*map(_global_names, table.get_children()))


def _import(statement: ast.Import | ast.ImportFrom, name: str, module: _Module) -> Import:
    """Return the import of a name that a statement binds."""
    [alias] = [a for a in statement.names if (a.asname or a.name.partition(".")[0]) == name]
    if isinstance(statement, ast.Import):
        return Import(alias.name, "", alias.asname or "")
    relative = "." * statement.level + (statement.module or "")
    return Import(resolve_name(relative, module.package), alias.name, alias.asname or "")


def _statements(group: Iterable[Import]) -> list[str]:
    """Return import statements in the order of isort."""
    modules, members = [], dict[str, list[Import]]()
    for needed in group:
        if needed.member:
            members.setdefault(needed.module, []).append(needed)
        else:
            modules.append(f"import {needed.module}" + (f" as {needed.alias}" if needed.alias else ""))
    lines = sorted(modules)
    for module, found in sorted(members.items()):
        # Constants come first, then classes, then functions.
        found.sort(key=lambda needed: (not needed.member.isupper(), needed.member[0].islower(), needed.member))
        plain = ", ".join(needed.member for needed in found if not needed.alias)
        lines += [f"from {module} import {plain}"] if plain else []
        lines += [f"from {module} import {needed.member} as {needed.alias}" for needed in found if needed.alias]
    return lines
