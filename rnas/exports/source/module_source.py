"""Source of a whole built network."""

import ast
import builtins
import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.exports.source.classes import Class, Instance, classes_for
from rnas.exports.source.constructors import constructor, dotted, literal, without_defaults
from rnas.exports.source.forward import forward_of
from rnas.exports.source.printing import compressed, flat, lines_of, packed, replaced
from rnas.exports.source.tracing import Examples, examples, trace, without_data
from rnas.networks.architecture import Shape

_LARGEST_CONSTANT = 64
"""Numbers of a tensor outside the state dict that are written into the source."""


_LINES = 200
_LONGEST = (60, 12, 6)
"""Lines of one assignment, of which longer ones are packed: the first at which the classes have few lines in all."""


@dataclass(frozen=True)
class ModuleSource:
    """A network as source.

    Attributes:
        lines: of its classes, children before parents, two empty lines after each.
        name: of the network's own class, which is made without arguments.
        functional: whether ``F`` is used, ``torch.nn.functional``.
    """

    lines: tuple[str, ...]
    name: str
    functional: bool


def module_source(module: nn.Module, input_shape: Shape) -> ModuleSource:
    """Readable classes that make a network of the same state dict and the same function.

    Modules of one class become one class, with what they differ in as arguments; Python's own control flow is gone:
    what is written is what runs on images of this shape. Weights start as torch's layers start; the state dict has the
    rest.

    Args:
        module: of layers of ``torch.nn`` and of classes whose ``forward`` can be traced.
        input_shape: (C, H, W) of an image.

    Raises:
        InputError: a part of it cannot be written.
    """
    bare = without_data(module)
    known = examples(bare, torch.empty(2, *input_shape, device="meta"))
    _require_unshared(module)
    writer = _Writer(module, bare, known)
    classes = writer.classes()
    for longest in _LONGEST:
        lines = [line for written in classes for line in _class_lines(written, longest)]
        if len(lines) <= _LINES:
            break
    return ModuleSource(tuple(lines), classes[-1].name, any("F." in line for line in lines))


class _Writer:
    def __init__(self, module: nn.Module, bare: nn.Module, known: Examples) -> None:
        self._module = module
        self._bare = bare
        self._known = known
        self._made: dict[str, ast.expr] = {}
        self._arguments: dict[str, list[str]] = {}

    def classes(self) -> list[Class]:
        """Every class, those that others use before them."""
        own = {name: part for name, part in self._module.named_modules() if not _is_of_torch(part)}
        if "" not in own:
            kind = type(self._module).__name__
            raise InputError(f"the network that build returns is a bare nn.{kind}; wrap it in a class of its own")
        taken: set[str] = {"Tensor", "F", "Path"}
        result = []
        for places in _bottom_up(own):
            instances = [self._instance(place, own[place]) for place in places]
            classes, made = classes_for(instances, taken, self._arguments.get)
            for written in classes:
                self._arguments[written.name] = [parameter.name for parameter in written.parameters]
            self._made.update(made)
            result += classes
        return result

    def _instance(self, place: str, module: nn.Module) -> Instance:
        where = f"{type(module).__name__} at {place or 'the top'}"
        bare = self._bare.get_submodule(place)
        graph = trace(bare, place, self._known, where)
        forward = forward_of(graph, bare, where)
        members: list[tuple[str, ast.expr]] = []
        for name, child in module.named_children():
            if not name.isidentifier() or keyword.iskeyword(name):
                raise InputError(f"{where}: a child is called {name!r}, which is no name in source")
            members.append((name, self._expression(f"{place}.{name}".lstrip("."), child)))
        members += [(name, _parameter(tensor)) for name, tensor in module.named_parameters(recurse=False)]
        for name, tensor in module.named_buffers(recurse=False):
            persistent = name not in module._non_persistent_buffers_set
            members.append((name, _buffer(name, tensor, persistent, f"{where}: buffer {name}")))
        return Instance(place, _class_name(type(module).__name__), tuple(members), forward)

    def _expression(self, place: str, module: nn.Module) -> ast.expr:
        if place in self._made:
            return self._made[place]
        children = [self._expression(f"{place}.{name}", child) for name, child in module.named_children()]
        if type(module) is nn.Sequential:
            if [name for name, _ in module.named_children()] != [str(i) for i in range(len(module))]:
                raise InputError(f"{place}: a Sequential with names of its own cannot be written as source")
            return ast.Call(dotted("nn.Sequential"), children, [])
        if type(module) is nn.ModuleList:
            return ast.Call(dotted("nn.ModuleList"), [ast.List(children)], [])
        if children:
            raise InputError(
                f"{place}: nn.{type(module).__name__} holds other modules, and cannot be written as source"
            )
        return constructor(module, place)


def _parameter(tensor: Tensor) -> ast.expr:
    sizes: list[ast.expr] = [ast.Constant(size) for size in tensor.shape]
    return ast.Call(dotted("nn.Parameter"), [ast.Call(dotted("torch.ones"), sizes, [])], [])


def _buffer(name: str, tensor: Tensor, persistent: bool, where: str) -> ast.expr:
    if persistent:
        sizes: list[ast.expr] = [ast.Constant(size) for size in tensor.shape]
        value: ast.expr = ast.Call(dotted("torch.zeros"), sizes, [ast.keyword("dtype", dotted(str(tensor.dtype)))])
    elif tensor.numel() > _LARGEST_CONSTANT:
        raise InputError(f"{where} is no part of the state dict, and too large to be written as source")
    else:
        numbers = [
            float(f"{number:.9g}") if tensor.is_floating_point() else number for number in tensor.flatten().tolist()
        ]
        shape: list[ast.expr] = [ast.Constant(size) for size in tensor.shape]
        made = ast.Call(dotted("torch.tensor"), [literal(numbers, where)], [])
        value = ast.Call(ast.Attribute(made, "reshape"), shape, [])
    keywords = [] if persistent else [ast.keyword("persistent", ast.Constant(False))]
    return ast.Call(dotted("self.register_buffer"), [ast.Constant(name), value], keywords)


def _bottom_up(own: Mapping[str, nn.Module]) -> Iterator[list[str]]:
    """Places of the modules of each class, classes that others use before those."""
    height: dict[str, int] = {}
    for place in sorted(own, key=lambda name: -name.count(".") - bool(name)):
        below = [height[other] for other in height if other.startswith(f"{place}." if place else "")]
        height[place] = 1 + max(below, default=0)
    classes: dict[type, list[str]] = {}
    for place, module in own.items():
        classes.setdefault(type(module), []).append(place)
    groups = [group for places in classes.values() for group in _levels(places, height)]
    for _, places in sorted(groups, key=lambda group: group[0]):
        yield places


def _levels(places: Sequence[str], height: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """The places of one class, together, or by height where some lie inside others."""
    nested = any(a != b and b.startswith(f"{a}." if a else "") for a in places for b in places)
    if not nested:
        return [(max(height[place] for place in places), list(places))]
    levels = sorted({height[place] for place in places})
    return [(level, [place for place in places if height[place] == level]) for level in levels]


def _is_of_torch(module: nn.Module) -> bool:
    return getattr(nn, type(module).__name__, None) is type(module)


def _class_name(name: str) -> str:
    bare = name.lstrip("_")
    return f"{bare}Module" if hasattr(builtins, bare) or hasattr(nn, bare) else bare


def _require_unshared(module: nn.Module) -> None:
    seen: dict[int, str] = {}
    for name, part in module.named_modules(remove_duplicate=False):
        if id(part) in seen:
            raise InputError(f"{name} and {seen[id(part)]} are one module, which cannot be written as source")
        seen[id(part)] = name


def _class_lines(written: Class, longest: int) -> list[str]:
    count = len(written.places)
    first = written.places[0]
    if not first:
        told = "The network."
    elif count == 1:
        told = f"The part ``{first}``."
    else:
        told = f"{count} parts, ``{first}`` the first of them."
    arguments = "".join(f", {p.name}: {p.annotation}" for p in written.parameters)
    lines = [f"class {written.name}(nn.Module):", f'    """{told}"""', ""]
    lines += _signature(f"    def __init__(self{arguments}) -> None:")
    lines.append("        super().__init__()")
    lines += [f"        self.{p.name} = {p.name}" for p in written.parameters if p.kept]
    for name, expression in written.members:
        lines += _member_lines(name, _shortened(expression), longest)
    inputs = "".join(f", {name}: Tensor" for name in written.inputs)
    lines += ["", f"    def forward(self{inputs}) -> Tensor:", f'        """{written.shapes}."""']
    for statement in written.body:
        lines += lines_of(statement, 8)
    return [*lines, "", ""]


def _signature(line: str) -> list[str]:
    if len(line) <= 120:
        return [line]
    head, _, rest = line.partition("(")
    arguments, _, tail = rest.rpartition(")")
    return [f"{head}(", f"        {arguments}", f"    ){tail}"]


def _member_lines(name: str, expression: ast.expr, longest: int) -> list[str]:
    if isinstance(expression, ast.Call) and flat(expression.func) == "self.register_buffer":
        return lines_of(ast.Expr(expression), 8)
    assignment = ast.Assign([ast.Attribute(ast.Name("self"), name)], expression)
    lines = lines_of(assignment, 8)
    return lines if len(lines) <= longest else packed(assignment, 8)


def _shortened(expression: ast.expr) -> ast.expr:
    """The same with rows of alike children as loops."""
    by_id: dict[int, ast.expr] = {}
    for part in ast.walk(expression):
        if isinstance(part, ast.Call) and flat(part.func) == "nn.Sequential":
            items = _items(part.args)
            by_id[id(part)] = ast.Call(part.func, items, [])
        elif isinstance(part, ast.Call) and flat(part.func) == "nn.ModuleList" and isinstance(part.args[0], ast.List):
            items = _items(part.args[0].elts)
            only = items[0] if len(items) == 1 else None
            value = only.value if isinstance(only, ast.Starred) else ast.List(items)
            by_id[id(part)] = ast.Call(part.func, [value], [])
        elif isinstance(part, ast.Call) and part.keywords:
            by_id[id(part)] = without_defaults(part)
    return by_id.get(id(expression)) or replaced(expression, by_id)


def _items(items: Sequence[ast.expr]) -> list[ast.expr]:
    return compressed([_shortened(item) for item in items])
