"""The body of ``forward`` from a traced graph: short lines, names by what made them, rolled-up loops."""

import ast
import builtins
import keyword
import operator
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.exports.source.constructors import dotted, literal
from rnas.exports.source.tracing import shape_of, writes_in_place

_INLINE = 72
_INLINE_IN_LIST = 24
"""Longest expression, in characters, that stands inside another, and inside a list."""

_LINE = 104
"""Characters for an expression after ``return`` in a method."""

_BINARY: dict[Any, ast.operator] = {
    operator.add: ast.Add(),
    operator.iadd: ast.Add(),
    operator.sub: ast.Sub(),
    operator.isub: ast.Sub(),
    operator.mul: ast.Mult(),
    operator.imul: ast.Mult(),
    operator.truediv: ast.Div(),
    operator.itruediv: ast.Div(),
    operator.floordiv: ast.FloorDiv(),
    operator.mod: ast.Mod(),
    operator.pow: ast.Pow(),
    operator.matmul: ast.MatMult(),
}
_UNARY: dict[Any, ast.unaryop] = {operator.neg: ast.USub()}
_SHORTEST_LOOP = 2


@dataclass(frozen=True)
class Forward:
    """A method ``forward``.

    Attributes:
        inputs: names of its arguments after ``self``.
        body: its statements, the last of which returns.
        shapes: what goes in and out in the example, for people.
    """

    inputs: tuple[str, ...]
    body: tuple[ast.stmt, ...]
    shapes: str


def forward_of(graph: fx.Graph, module: nn.Module, where: str) -> Forward:
    """The method of a traced module; InputError where a step cannot be written."""
    return _Writer(graph, module, where).forward()


class _Writer:
    def __init__(self, graph: fx.Graph, module: nn.Module, where: str) -> None:
        self._graph = graph
        self._module = module
        self._where = where
        self._names: dict[fx.Node, str] = {}
        self._inline: dict[fx.Node, ast.expr] = {}
        self._taken: Counter[str] = Counter()
        self._body: list[ast.stmt] = []
        # Steps that write into their inputs must keep their order.
        self._ordered = any(writes_in_place(node, module) for node in graph.nodes)

    def forward(self) -> Forward:
        """All of it."""
        nodes = list(self._graph.nodes)
        inputs = [self._name(node, str(node.target)) for node in nodes if node.op == "placeholder"]
        before = [shape_of(node) for node in nodes if node.op == "placeholder"]
        loops = {loop.calls[0]: loop for loop in self._loops(nodes)}
        inside = {call for loop in loops.values() for call in loop.calls}
        after = ""
        for node in nodes:
            if node in loops:
                self._roll(loops[node])
            elif node in inside or node.op == "placeholder":
                continue
            elif node.op == "output":
                self._body.append(ast.Return(self._expression(node.args[0])))
                after = shape_of(node.args[0])
            else:
                self._step(node)
        known = all((*before, after))
        shapes = f"{' and '.join(before)} to {after}" if known else "Never called by the network"
        return Forward(tuple(inputs), tuple(self._body), shapes)

    def _step(self, node: fx.Node) -> None:
        expression = self._short_call(node)
        if node.op == "get_attr" or node.target in (operator.getitem, getattr):
            inline = not self._ordered or node.op == "get_attr"
        else:
            inline = not self._ordered and len(node.users) == 1
        listed = any(isinstance(argument, tuple | list) for user in node.users for argument in user.args)
        longest = _INLINE_IN_LIST if listed else _INLINE
        text = len(ast.unparse(expression))
        last = len(node.users) == 1 and next(iter(node.users)).op == "output"
        if (inline and text <= longest) or (last and (not self._ordered or node.next.op == "output")):
            self._inline[node] = expression
            return
        name = self._name(node, node.name)
        self._body.append(ast.Assign([ast.Name(name)], expression))

    def _short_call(self, node: fx.Node) -> ast.expr:
        """The step's expression; where it is too long for a line and no call, which has lines of its own, in parts."""
        expression = self._call(node)
        while not isinstance(expression, ast.Call) and len(ast.unparse(expression)) > _LINE:
            inside = [source for source in node.all_input_nodes if isinstance(self._inline.get(source), ast.Call)]
            if not inside:
                break
            longest = max(inside, key=lambda source: len(ast.unparse(self._inline[source])))
            value = self._inline.pop(longest)
            self._body.append(ast.Assign([ast.Name(self._name(longest, longest.name))], value))
            expression = self._call(node)
        return expression

    def _call(self, node: fx.Node) -> ast.expr:
        if node.op == "get_attr":
            return _child(str(node.target))
        target: Any = node.target
        if node.op == "call_function" and target in _BINARY and not node.kwargs:
            left, right = map(self._expression, node.args)
            return ast.BinOp(left, _BINARY[target], right)
        if node.op == "call_function" and target in _UNARY:
            return ast.UnaryOp(_UNARY[target], self._expression(node.args[0]))
        if target is operator.getitem:
            return ast.Subscript(self._expression(node.args[0]), self._index(node.args[1]))
        if target is getattr:
            return ast.Attribute(self._expression(node.args[0]), str(node.args[1]))
        args = [self._expression(argument) for argument in node.args]
        keywords = [ast.keyword(name, self._expression(value)) for name, value in node.kwargs.items()]
        if node.op == "call_module":
            return ast.Call(_child(str(target)), args, keywords)
        if node.op == "call_method":
            return ast.Call(ast.Attribute(args[0], str(target)), args[1:], keywords)
        return ast.Call(dotted(self._function(target)), args, keywords)

    def _function(self, target: Any) -> str:
        name = getattr(target, "__name__", "")
        for place, prefix in ((torch, "torch"), (F, "F")):
            if getattr(place, name, None) is target:
                return f"{prefix}.{name}"
        for name, function in vars(F).items():
            if function is target and not name.startswith("_"):
                return f"F.{name}"
        raise InputError(f"{self._where}: calls {name or target}, which is no function of torch")

    def _expression(self, value: Any) -> ast.expr:
        if isinstance(value, fx.Node):
            return self._inline[value] if value in self._inline else ast.Name(self._names[value])
        if isinstance(value, tuple | list):
            parts = [self._expression(item) for item in value]
            return ast.List(parts) if isinstance(value, list) else ast.Tuple(parts)
        if isinstance(value, torch.dtype):
            return dotted(str(value))
        return literal(value, f"{self._where}: an argument")

    def _index(self, value: Any) -> ast.expr:
        if isinstance(value, tuple):
            return ast.Tuple([self._index(part) for part in value])
        if isinstance(value, slice):
            ends = (None if end is None else self._expression(end) for end in (value.start, value.stop, value.step))
            return ast.Slice(*ends)
        return ast.Constant(...) if value is Ellipsis else self._expression(value)

    def _name(self, node: fx.Node, wanted: str) -> str:
        """A name that is free: no keyword, no builtin, no import."""
        base = wanted.rstrip("0123456789").rstrip("_") or "value"
        reserved = hasattr(builtins, base) or keyword.iskeyword(base) or base in ("torch", "nn")
        base = {"input": "x"}.get(base, f"{base}_") if reserved else base
        self._taken[base] += 1
        count = self._taken[base]
        name = base if count == 1 else f"{base}_{count}"
        self._names[node] = name
        return name

    # Loops over a list of children, each of which reads what the ones before it gave.

    def _loops(self, nodes: list[fx.Node]) -> list["_Loop"]:
        calls: dict[str, list[fx.Node]] = {}
        for node in nodes:
            owner, _, index = str(node.target).rpartition(".")
            if node.op == "call_module" and index.isdecimal():
                calls.setdefault(owner, []).append(node)
        found = (self._loop(owner, steps, nodes) for owner, steps in calls.items())
        return [loop for loop in found if loop is not None]

    def _loop(self, owner: str, calls: list[fx.Node], nodes: list[fx.Node]) -> "_Loop | None":
        listed = self._module.get_submodule(owner)
        whole = isinstance(listed, nn.ModuleList) and len(calls) == len(listed) >= _SHORTEST_LOOP
        in_order = [str(call.target) for call in calls] == [f"{owner}.{i}" for i in range(len(calls))]
        first = nodes.index(calls[0])
        if not whole or not in_order or nodes[first : first + len(calls)] != calls:
            return None
        window = calls[0].args
        if not window or not all(isinstance(argument, fx.Node) for argument in window):
            return None
        carried = window
        for call in calls:
            if call.args != carried or call.kwargs:
                return None
            carried = (*carried[1:], call)
        members = set(calls)
        outside = {call for call in calls if any(user not in members for user in call.users)}
        return _Loop(owner, tuple(calls), window) if outside <= {calls[-1]} else None

    def _roll(self, loop: "_Loop") -> None:
        *earlier, last = [self._expression(argument) for argument in loop.inputs]
        names = [self._fresh(f"before{'_' * bool(i)}{i or ''}") for i in range(len(earlier))]
        result = self._name(loop.calls[-1], "out" if self._taken["x"] else "x")
        starts: list[ast.expr] = [*earlier, last]
        targets: list[ast.expr] = [ast.Name(name) for name in [*names, result]]
        for target, start in zip(targets, starts, strict=True):
            if ast.unparse(target) != ast.unparse(start):
                self._body.append(ast.Assign([target], start))
        item = self._fresh(loop.owner.rpartition(".")[2].rstrip("s") or "layer")
        call = ast.Call(ast.Name(item), list(targets), [])
        values: list[ast.expr] = [*targets[1:], call]
        step = (
            ast.Assign([targets[0]], call) if len(targets) == 1 else ast.Assign([ast.Tuple(targets)], ast.Tuple(values))
        )
        self._body.append(ast.For(ast.Name(item), _child(loop.owner), [step], []))

    def _fresh(self, wanted: str) -> str:
        name = wanted
        while self._taken[name] or hasattr(builtins, name) or keyword.iskeyword(name):
            name += "_"
        self._taken[name] += 1
        return name


@dataclass(frozen=True)
class _Loop:
    """Calls of all children of a list, and what the first of them reads."""

    owner: str
    calls: tuple[fx.Node, ...]
    inputs: tuple[Any, ...]


def _child(path: str) -> ast.expr:
    expression: ast.expr = ast.Name("self")
    for part in path.split("."):
        if part.isdecimal():
            expression = ast.Subscript(expression, ast.Constant(int(part)))
        else:
            expression = ast.Attribute(expression, part)
    return expression
