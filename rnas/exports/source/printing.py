"""Source text of statements and expressions in the style of the formatter ruff: 120 columns, double quotes."""

import ast
import re
import textwrap
from collections.abc import Sequence
from typing import Any, TypeVar

WIDTH = 120
_STEP = 4
_SHORT = 60
"""Characters of the longest item of a list whose items share lines."""
_LEAST_RUN = 3

Node = TypeVar("Node", bound=ast.AST)


def flat(node: ast.AST) -> str:
    """An expression in one line."""
    text = ast.unparse(ast.fix_missing_locations(node))
    text = re.sub(r"'([^'\"\\]*)'", r'"\1"', text)
    # Where ast and the style differ: a generator as the only argument, and a step of a slice that is no mere name.
    text = re.sub(
        r"nn\.ModuleList\(\((.+?) for (\w+) in (range\([^()]*\)|\w+)\)\)", r"nn.ModuleList(\1 for \2 in \3)", text
    )
    return re.sub(r"(?<=[\[ :]):(?=self\.)", ": ", text)


def lines_of(statement: ast.stmt, indent: int) -> list[str]:
    """A statement's lines."""
    pad = " " * indent
    if isinstance(statement, ast.Assign):
        target = flat(statement.targets[0]).strip("()")
        value = statement.value
        if isinstance(value, ast.Tuple):
            return [f"{pad}{target} = {', '.join(map(flat, value.elts))}"]
        return _wrapped(value, indent, f"{target} = ", "")
    if isinstance(statement, ast.Expr):
        return _wrapped(statement.value, indent, "", "")
    if isinstance(statement, ast.Return):
        assert statement.value is not None
        return _wrapped(statement.value, indent, "return ", "")
    if isinstance(statement, ast.For):
        head = f"{pad}for {flat(statement.target)} in {flat(statement.iter)}:"
        return [head, *(line for inner in statement.body for line in lines_of(inner, indent + _STEP))]
    raise AssertionError(ast.dump(statement))


def _wrapped(node: ast.expr, indent: int, prefix: str, suffix: str) -> list[str]:
    """An expression between two texts, on as few lines as the style has it."""
    pad = " " * indent
    one_line = f"{pad}{prefix}{flat(node)}{suffix}"
    if len(one_line) <= WIDTH:
        return [one_line]
    if isinstance(node, ast.Starred):
        return _wrapped(node.value, indent, f"{prefix}*", suffix)
    if isinstance(node, ast.GeneratorExp):
        return [f"{pad}{prefix}(", *_comprehension(node, indent + _STEP), f"{pad}){suffix}"]
    if isinstance(node, ast.List):
        return [f"{pad}{prefix}[", *_one_a_line(node.elts, indent + _STEP), f"{pad}]{suffix}"]
    if isinstance(node, ast.Call):
        head, tail = f"{pad}{prefix}{flat(node.func)}(", f"{pad}){suffix}"
        parts: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        if len(parts) == 1 and isinstance(parts[0], ast.GeneratorExp):
            return [head, *_comprehension(parts[0], indent + _STEP), tail]
        inner = " " * (indent + _STEP) + ", ".join(map(_part, parts))
        if len(inner) <= WIDTH:
            return [head, inner, tail]
        if len(parts) == 1 and not isinstance(parts[0], ast.Starred | ast.keyword):
            return [head, *_wrapped(parts[0], indent + _STEP, "", ""), tail]
        return [head, *_one_a_line(parts, indent + _STEP), tail]
    return [one_line]


def _one_a_line(parts: Sequence[ast.expr | ast.keyword], indent: int) -> list[str]:
    lines = []
    for part in parts:
        if isinstance(part, ast.keyword):
            lines += _wrapped(part.value, indent, f"{part.arg}=", ",")
        else:
            lines += _wrapped(part, indent, "", ",")
    return lines


def _comprehension(node: ast.GeneratorExp, indent: int) -> list[str]:
    pad = " " * indent
    loop = node.generators[0]
    clause = f"for {flat(loop.target)} in {flat(loop.iter)}"
    one_line = f"{pad}{flat(node.elt)} {clause}"
    if len(one_line) <= WIDTH:
        return [one_line]
    return [*_wrapped(node.elt, indent, "", ""), f"{pad}{clause}"]


def _part(part: ast.expr | ast.keyword) -> str:
    return f"{part.arg}={flat(part.value)}" if isinstance(part, ast.keyword) else flat(part)


def packed(statement: ast.Assign, indent: int) -> list[str]:
    """An assignment of a long list packed into few lines, between marks for the formatter."""
    pad = " " * indent
    prefix, value = f"{flat(statement.targets[0])} = ", statement.value
    if not (isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.args[0], ast.List)):
        return lines_of(statement, indent)
    lines = [f"{pad}# fmt: off", f"{pad}{prefix}{flat(value.func)}(["]
    inner, hanging = " " * (indent + _STEP), " " * (indent + 2 * _STEP)
    items = [f"{flat(item)}," for item in value.args[0].elts]
    if max(map(len, items)) <= _SHORT:
        lines += textwrap.wrap(" ".join(items), WIDTH, initial_indent=inner, subsequent_indent=inner)
    else:
        for item in items:
            lines += textwrap.wrap(item, WIDTH, initial_indent=inner, subsequent_indent=hanging)
    return [*lines, f"{pad}])", f"{pad}# fmt: on"]


def compressed(items: Sequence[ast.expr]) -> list[ast.expr]:
    """Items of a list, equal ones in a row, or ones that grow by one step, as a generator each."""
    result: list[ast.expr] = []
    start = 0
    while start < len(items):
        end, run = _run(items, start)
        if run is None:
            result.append(items[start])
            start += 1
        else:
            result.append(run)
            start = end
    return result


def _run(items: Sequence[ast.expr], start: int) -> tuple[int, ast.Starred | None]:
    """The end of the run that starts here, and what stands for it; None where it is short."""
    skeleton, first = numbers_apart(items[start])
    step: int | None = None
    end = start + 1
    while end < len(items):
        other, values = numbers_apart(items[end])
        differences = {b - a for a, b in zip(first, values, strict=False) if a != b}
        count = end - start
        if other != skeleton or len(differences) > 1:
            break
        now = differences.pop() / count if differences else 0
        if now != int(now) or (step is not None and now != step):
            break
        changing = {a for a, b in zip(first, values, strict=True) if a != b}
        if len(changing) > 1 or any(isinstance(value, float) for value in changing):
            break
        step = int(now)
        end += 1
    count = end - start
    if count < _LEAST_RUN or not isinstance(items[start], ast.Call):
        return start + 1, None
    if not step:
        return end, ast.Starred(_generator(items[start], "_", [ast.Constant(count)]))
    changed = _changed(items[start], items[start + 1])
    low = _value_at(items[start], changed)
    bounds: list[ast.expr] = [ast.Constant(low), ast.Constant(low + step * count), ast.Constant(step)]
    return end, ast.Starred(_generator(_named(items[start], changed, "channels"), "channels", bounds))


def _generator(element: ast.expr, name: str, bounds: list[ast.expr]) -> ast.GeneratorExp:
    loop = ast.comprehension(ast.Name(name), ast.Call(ast.Name("range"), bounds, []), [], 0)
    return ast.GeneratorExp(element, [loop])


def constants(*nodes: ast.AST) -> list[ast.Constant]:
    """Numbers in expressions or statements, in order; truth values are none."""
    return [
        n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) in (int, float)
    ]


def numbers_apart(*nodes: ast.AST) -> tuple[str, list[Any]]:
    """What expressions or statements are but for their numbers, and those."""
    found = constants(*nodes)
    values = [constant.value for constant in found]
    for constant, value in zip(found, values, strict=True):
        constant.value = 0 if isinstance(value, int) else 0.0
    skeleton = " ".join(map(ast.dump, nodes))
    for constant, value in zip(found, values, strict=True):
        constant.value = value
    return skeleton, values


def _changed(first: ast.expr, second: ast.expr) -> set[int]:
    pairs = zip(constants(first), constants(second), strict=True)
    return {index for index, (a, b) in enumerate(pairs) if a.value != b.value}


def _value_at(node: ast.expr, places: set[int]) -> int:
    value = constants(node)[min(places)].value
    assert isinstance(value, int)
    return value


def _named(node: ast.expr, places: set[int], name: str) -> ast.expr:
    """A copy with a name in place of some of its numbers."""
    chosen = {id(constant) for index, constant in enumerate(constants(node)) if index in places}
    return replaced(node, {key: ast.Name(name) for key in chosen})


def replaced(node: Node, by_id: dict[int, ast.expr]) -> Node:
    """A copy with other expressions in place of those of some identities."""

    def copied(value: object) -> object:
        if isinstance(value, list):
            return [copied(item) for item in value]
        if not isinstance(value, ast.AST):
            return value
        if id(value) in by_id:
            return by_id[id(value)]
        return type(value)(**{field: copied(getattr(value, field, None)) for field in value._fields})

    result = copied(node)
    assert isinstance(result, ast.AST)
    return result  # type: ignore[return-value]
