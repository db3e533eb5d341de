"""Classes for many modules: those that differ in numbers share one, with the numbers as arguments."""

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rnas.exports.source.constructors import argument_names
from rnas.exports.source.forward import Forward
from rnas.exports.source.printing import constants, numbers_apart, replaced

_MOST_VARIANTS = 4
"""Classes that modules of one class may become before what differs is handed in from outside."""
_FRAME = 10
"""Lines of a class in addition to its members and statements."""

_MULTIPLES = range(2, 9)
_DIVISORS = (2, 4, 8, 16, 32, 64)

_NAMES = {
    "num_features": "channels",
    "num_channels": "channels",
    "in_features": "in_features",
    "out_features": "out_features",
}
_ORDER = ("in_channels", "channels", "out_channels", "in_features", "out_features", "kernel_size", "stride")


@dataclass(frozen=True)
class Instance:
    """One module as source: what it is made of and what it does.

    Attributes:
        place: its name in the network.
        class_name: of its class.
        members: name and expression of each child and tensor, in order.
        forward: its method.
    """

    place: str
    class_name: str
    members: tuple[tuple[str, ast.expr], ...]
    forward: Forward


@dataclass(frozen=True)
class Parameter:
    """An argument of a class: its name, its annotation, and whether ``forward`` reads it too."""

    name: str
    annotation: str
    kept: bool = False


@dataclass(frozen=True)
class Class:
    """A class for some modules.

    Attributes:
        name: free in the file.
        parameters: of its ``__init__``.
        members: name and expression of each child and tensor, in terms of the parameters.
        body: statements of ``forward``.
        inputs: arguments of ``forward``.
        places: names of the modules that it is for.
        shapes: what goes in and out of the first of them.
    """

    name: str
    parameters: tuple[Parameter, ...]
    members: tuple[tuple[str, ast.expr], ...]
    body: tuple[ast.stmt, ...]
    inputs: tuple[str, ...]
    places: tuple[str, ...]
    shapes: str


Known = Callable[[str], list[str] | None]
"""Names of the arguments of a class that was written before."""


def classes_for(
    instances: Sequence[Instance], taken: set[str], known: Known
) -> tuple[list[Class], Mapping[str, ast.expr]]:
    """Classes for modules of one class, and the expression that makes each module, by place.

    Args:
        instances: the modules.
        taken: names of classes that are in use; added to.
        known: of the classes that they use.
    """
    variants: dict[object, list[Instance]] = defaultdict(list)
    for instance in instances:
        variants[_skeleton(instance)].append(instance)
    groups = _merged(list(variants.values()))
    classes: list[Class] = []
    made: dict[str, ast.expr] = {}
    for group in groups:
        written, expressions = _class_of(group, _free(group[0].instance.class_name, taken), known)
        classes.append(written)
        made.update(expressions)
    return classes, made


@dataclass(frozen=True)
class _Member:
    """An instance, and what of it is handed in from outside, by the name of the member."""

    instance: Instance
    given: Mapping[str, ast.expr] = field(default_factory=dict)


def _merged(variants: list[list[Instance]]) -> list[list[_Member]]:
    """Variants that do the same with different children, as one class that is given those children."""
    alike: dict[object, list[list[Instance]]] = defaultdict(list)
    for variant in variants:
        first = variant[0]
        does = numbers_apart(*first.forward.body)[0]
        alike[(tuple(name for name, _ in first.members), first.forward.inputs, does)].append(variant)
    result = []
    for group in alike.values():
        instances = [instance for variant in group for instance in variant]
        names = _differing([variant[0] for variant in group])
        if len(group) > _MOST_VARIANTS or (len(group) > 1 and _better_given(instances, names, len(group))):
            result += [_given(instances, names)]
        else:
            result += [[_Member(instance) for instance in variant] for variant in group]
    return result


def _better_given(instances: Sequence[Instance], names: Sequence[str], variants: int) -> bool:
    """Whether handing in one child at each place is shorter than a class for each variant."""
    length = _FRAME + len(instances[0].members) + len(instances[0].forward.body)
    return len(names) == 1 and not _is_list(instances[0], names[0]) and length * (variants - 1) > len(instances)


def _differing(instances: Sequence[Instance]) -> list[str]:
    names = []
    for index, (name, _) in enumerate(instances[0].members):
        if len({numbers_apart(instance.members[index][1])[0] for instance in instances}) > 1:
            names.append(name)
    return names


def _is_list(instance: Instance, name: str) -> bool:
    expression = dict(instance.members)[name]
    return isinstance(expression, ast.Call) and ast.unparse(expression.func) == "nn.ModuleList"


def _given(instances: Sequence[Instance], names: Sequence[str]) -> list[_Member]:
    """The instances without the members of these names, which are handed in."""
    wrappers = {name: _common_wrapper([dict(i.members)[name] for i in instances]) for name in names}
    return [_without(instance, wrappers) for instance in instances]


def _without(instance: Instance, wrappers: Mapping[str, ast.expr | None]) -> _Member:
    given: dict[str, ast.expr] = {}
    members = []
    for name, expression in instance.members:
        own = ast.Name(name.lstrip("_"))
        if name not in wrappers:
            members.append((name, expression))
        elif not _is_list(instance, name):
            given[name] = expression
            members.append((name, own))
        else:
            assert isinstance(expression, ast.Call)
            wrapper = wrappers[name]
            inside: ast.expr = own
            given[name] = expression.args[0]
            if wrapper is not None:
                given[name] = ast.List([call.args[0] for call in _calls(expression)])
                loop = ast.comprehension(ast.Name("part"), own, [], 0)
                inside = ast.GeneratorExp(ast.Call(wrapper, [ast.Name("part")], []), [loop])
            members.append((name, ast.Call(expression.func, [inside], [])))
    return _Member(replace(instance, members=tuple(members)), given)


def _common_wrapper(lists: Sequence[ast.expr]) -> ast.expr | None:
    """What every item of some lists is a call of, with one argument; None where they are not."""
    calls = [call for expression in lists for call in _calls(expression)]
    wrappers = {ast.unparse(call.func) for call in calls if len(call.args) == 1 and not call.keywords}
    alike = len(wrappers) == 1 and all(len(call.args) == 1 and not call.keywords for call in calls)
    return calls[0].func if alike and isinstance(calls[0].func, ast.Name) else None


def _calls(expression: ast.expr) -> list[ast.Call]:
    """The items of a ``nn.ModuleList`` of calls; none where it is another expression."""
    listed = expression.args[0] if isinstance(expression, ast.Call) and expression.args else None
    return [item for item in listed.elts if isinstance(item, ast.Call)] if isinstance(listed, ast.List) else []


def _class_of(group: Sequence[_Member], name: str, known: Known) -> tuple[Class, Mapping[str, ast.expr]]:
    """The class of instances of one skeleton, and the call of it for each."""
    first = group[0].instance
    table = [[constant.value for constant in constants(*_parts(member.instance))] for member in group]
    columns = list(zip(*table, strict=True))
    own = constants(*_parts(first))
    in_members = len(constants(*(expression for _, expression in first.members)))
    given = list(group[0].given)
    taken = {n.lstrip("_") for n in given} | set(first.forward.inputs) | {"self"}
    contexts = _contexts(first, known)
    vectors: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, column in enumerate(columns):
        if len({(type(value), value) for value in column}) > 1:
            vectors[column].append(index)
    parameters: dict[tuple[Any, ...], str] = {}
    expressions: dict[tuple[Any, ...], ast.expr] = {}
    for column, places in sorted(vectors.items(), key=lambda item: _rank(item[1], contexts)):
        derived = _derived(column, parameters, {contexts[place][1] for place in places})
        if derived is not None:
            expressions[column] = derived
            continue
        parameters[column] = _parameter_name([contexts[place] for place in places], taken)
        taken.add(parameters[column])
        expressions[column] = ast.Name(parameters[column])
    by_id: dict[int, ast.expr] = {}
    kept: set[str] = set()
    for column, places in vectors.items():
        for place in places:
            expression = expressions[column]
            if place >= in_members:
                used = [n.id for n in ast.walk(expression) if isinstance(n, ast.Name)]
                kept.update(used)
                expression = replaced(
                    expression,
                    {
                        id(n): ast.Attribute(ast.Name("self"), n.id)
                        for n in ast.walk(expression)
                        if isinstance(n, ast.Name)
                    },
                )
            by_id[id(own[place])] = expression
    in_order = sorted(parameters, key=lambda column: _order(parameters[column]))
    written = Class(
        name=name,
        parameters=(
            *(Parameter(parameters[c], type(c[0]).__name__, parameters[c] in kept) for c in in_order),
            *(Parameter(n.lstrip("_"), "list[nn.Module]" if _is_list(first, n) else "nn.Module") for n in given),
        ),
        members=tuple((n, replaced(expression, by_id)) for n, expression in first.members),
        body=tuple(replaced(statement, by_id) for statement in first.forward.body),
        inputs=first.forward.inputs,
        places=tuple(member.instance.place for member in group),
        shapes=first.forward.shapes,
    )
    made = {}
    for row, member in enumerate(group):
        values: list[ast.expr] = [ast.Constant(column[row]) for column in in_order]
        values += [member.given[n] for n in given]
        made[member.instance.place] = ast.Call(ast.Name(name), values, [])
    return written, made


def _derived(
    column: tuple[Any, ...], parameters: Mapping[tuple[Any, ...], str], arguments: set[str]
) -> ast.expr | None:
    """The column as a multiple or a part of a parameter; of a kernel, which is odd, the padding is half."""
    if not all(type(value) is int and value > 0 for value in column):
        return None
    padding = arguments == {"padding"}
    for other, name in parameters.items():
        pairs = list(zip(other, column, strict=True))
        for factor in _MULTIPLES:
            if all(there * factor == here for there, here in pairs):
                return ast.BinOp(ast.Name(name), ast.Mult(), ast.Constant(factor))
        for factor in _DIVISORS:
            if all(there // factor == here and (padding or there % factor == 0) for there, here in pairs):
                return ast.BinOp(ast.Name(name), ast.FloorDiv(), ast.Constant(factor))
    return None


def _contexts(instance: Instance, known: Known) -> list[tuple[str, str]]:
    """(member, argument) that each number of an instance stands for; the argument may be unknown, and empty."""
    found: dict[int, tuple[str, str]] = {}
    for member, expression in instance.members:
        for call in (n for n in ast.walk(expression) if isinstance(n, ast.Call)):
            names = argument_names(call.func, known)
            pairs = [*zip(names, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
            for name, value in pairs:
                for constant in constants(value):
                    found[id(constant)] = (member, name)
    for statement in instance.forward.body:
        for part in (n for n in ast.walk(statement) if isinstance(n, ast.Slice) and n.step is not None):
            assert part.step is not None
            for constant in constants(part.step):
                found[id(constant)] = ("", "stride")
    return [found.get(id(constant), ("", "")) for constant in constants(*_parts(instance))]


def _parameter_name(contexts: Sequence[tuple[str, str]], taken: set[str]) -> str:
    wanted = {_NAMES.get(argument, argument) for _, argument in contexts if argument}
    if {"in_channels", "out_channels"} <= wanted:
        wanted = {"channels"}
    preferred = [name for name in _ORDER if name in wanted] or sorted(wanted) or ["number"]
    free = [name for name in preferred if name not in taken and name.isidentifier()]
    if free:
        return free[0]
    member = next((f"{member.strip('_')}_" for member, _ in contexts if member), "")
    base = f"{member}{preferred[0]}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _rank(places: Sequence[int], contexts: Sequence[tuple[str, str]]) -> tuple[bool, int, int]:
    """Kernels come first, then what is written most often; other numbers are derived from those."""
    kernel = any(contexts[place][1] == "kernel_size" for place in places)
    return not kernel, -len(places), places[0]


def _order(name: str) -> tuple[int, str]:
    return (_ORDER.index(name), "") if name in _ORDER else (len(_ORDER), name)


def _skeleton(instance: Instance) -> object:
    return (tuple(name for name, _ in instance.members), instance.forward.inputs, numbers_apart(*_parts(instance))[0])


def _parts(instance: Instance) -> tuple[ast.AST, ...]:
    """Everything of an instance that may hold numbers, members first."""
    return (*(expression for _, expression in instance.members), *instance.forward.body)


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}{number}"
    taken.add(free)
    return free
