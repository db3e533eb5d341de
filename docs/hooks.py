"""Write the pages of the site that come from the code: command line, keys, public API, benchmarks, changelog."""

import ast
import html
import logging
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

    from rnas.cli.config import Key

ROOT = Path(__file__).parents[1]
STUBS = {".".join(stub.parent.relative_to(ROOT).parts): stub for stub in sorted((ROOT / "rnas").rglob("__init__.pyi"))}
"""The packages that declare what is public, and where they do."""

_LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//|<link\b[^>]*stylesheet[^>]*//")
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")

_log = logging.getLogger("mkdocs.hooks.rnas")


def generated() -> Iterator[tuple[str, str]]:
    """Yield path and Markdown of every page that is written from the code."""
    yield "reference/command-line.md", command_line()
    yield "reference/config.md", config_keys()
    yield "reference/other-configs.md", other_keys()
    yield "reference/recipe.md", recipe_keys()
    yield from api_pages()


def api_pages() -> Iterator[tuple[str, str]]:
    """Yield path and Markdown of the API: a list of all packages, and a page for each."""
    rows = []
    for package, stub in STUBS.items():
        names = public_names(stub)
        rows.append(f"| [`{package}`](api/{package}.md) | {_summary(package)} | {len(names)} |")
        blocks = "\n".join(f"::: {package}.{name}\n" for name in names if f"{package}.{name}" not in _modules())
        modules = [name for name in names if f"{package}.{name}" in _modules()]
        below = "".join(
            f"- [`{package}.{name}`]({package}.{name}.md): {_summary(f'{package}.{name}')}\n"
            if f"{package}.{name}" in STUBS
            else f"\n::: {package}.{name}\n"
            for name in modules
        )
        shown = f"\n## Packages and modules\n\n{below}" if below else ""
        yield f"reference/api/{package}.md", f"# {package}\n\n{_summary(package)}\n\n{blocks}{shown}"
    table = "\n".join(["| import from | what it holds | names |", "|---|---|---|", *rows])
    yield (
        "reference/public-api.md",
        "# Public API\n\nEverything below is public: it is in the `__all__` of its package, it is documented, and "
        "[Stability](../concepts/stability.md) says what a change of it means. Modules and names that begin with an "
        f"underscore are not public.\n\n{table}\n",
    )


def public_names(stub: Path) -> list[str]:
    """Return what a package declares as public: functions first, each in the order of its stub."""
    body = ast.parse(stub.read_text()).body
    names = [alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return sorted(names, key=lambda name: not name[0].islower())


@cache
def _modules() -> frozenset[str]:
    """Return the public names that are modules."""
    modules = set(STUBS)
    for package, stub in STUBS.items():
        for node in ast.parse(stub.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module is None:
                modules.update(f"{package}.{alias.name}" for alias in node.names)
    return frozenset(modules)


def _summary(module: str) -> str:
    path = ROOT / Path(*module.split("."))
    source = (path / "__init__.py") if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(source.read_text())) or "").split("\n\n")[0].replace("\n", " ")


def command_line() -> str:
    """Return the page of every command with its arguments and options."""
    from typer.main import get_command

    from rnas.cli import COMMANDS, app

    group: Any = get_command(app)
    context = group.make_context("rnas", [], resilient_parsing=True)
    parts = [
        "# Command line\n\nProgress goes to stderr, results go to stdout. The exit code is 0 for success, 1 for a "
        "failure, 2 for bad input, and 130 for an interruption. `rnas COMMAND --help` prints what stands here.\n"
    ]
    for name in COMMANDS:
        _, command, _ = group.resolve_command(context, [name])
        inner = command.make_context(name, [], resilient_parsing=True)
        usage = " ".join(("rnas", name, *command.collect_usage_pieces(inner)))
        parts.append(f"\n## rnas {name}\n\n```text\n{usage}\n```\n\n{_help(command.help or '')}\n")
        rows = [_parameter(parameter, inner) for parameter in command.params]
        shown = [row for row in rows if row]
        if shown:
            parts.append("\n| argument or option | what it does |\n|---|---|\n" + "\n".join(shown) + "\n")
    return "".join(parts)


def _help(text: str) -> str:
    """Return help in Markdown: examples become a block of commands."""
    text, _, examples = text.partition("Examples:")
    commands = [" ".join(part.split()) for part in examples.split("\n\n") if part.strip()]
    block = "\n\n```sh\n" + "\n".join(commands) + "\n```" if commands else ""
    return _escaped(text.strip()) + block


def _parameter(parameter: Any, context: Any) -> str:
    """Return the row of an argument or option; empty for one that help leaves out."""
    record = parameter.get_help_record(context)
    if record is None:
        return ""
    name, text = record
    return f"| {code(name)} | {_cell(text)} |"


def config_keys() -> str:
    """Return the page of every key of a search's configuration."""
    from rnas.cli.config import keys_of

    sections: dict[str, list[Key]] = {}
    for key in keys_of("search"):
        found = re.match(r"(space|strategy)\([\w-]+\)|evaluator|final_evaluation|objectives", key.key)
        title = found[0] if found and key.key != found[0] else "The search"
        sections.setdefault(title, []).append(key)
    tables = "\n\n".join(f"## {title}\n\n{_table(keys)}" for title, keys in sections.items())
    return (
        "# Config keys\n\nA config is a YAML file with only the keys that differ from their defaults; "
        "[Configure a search](../how-to/configure.md) shows some. `rnas search --set KEY=VALUE` sets any of them. A "
        "name in brackets is not part of a key: it says for which space, strategy, loss or schedule the key is. `rnas "
        f"config` prints the same list.\n\n{tables}\n"
    )


def other_keys() -> str:
    """Return the page of the keys of all other kinds of experiments."""
    from rnas import registry
    from rnas.cli.config import keys_of

    kinds = [kind for kind in registry.names(registry.EXPERIMENTS) if kind != "search"]
    # The keys of a recipe have a page of their own.
    tables = "\n\n".join(
        f"## {kind}\n\n{_table([key for key in keys_of(kind) if 'recipe.' not in key.key])}" for kind in kinds
    )
    return (
        "# Keys of other experiments\n\nThese are the keys in `config.yaml` of a directory. Commands set most of them "
        "by their options; `rnas train` and `rnas tune` set the others by `--set KEY=VALUE`. `rnas config KIND` prints "
        f"the same lists, also with the [keys of a recipe](recipe.md#keys).\n\n{tables}\n"
    )


def recipe_keys() -> str:
    """Return the page of every recipe, and of every key of one."""
    from rnas import registry
    from rnas.cli.config import keys_of

    recipes = [registry.load(registry.RECIPES, name) for name in registry.names(registry.RECIPES)]
    listed = "\n".join(
        f"| `{recipe.name}` | {_cell(recipe.loss.name)} | {recipe.epochs} | {_cell(recipe.source)} "
        f"| {_cell(recipe.note)} |"
        for recipe in recipes
    )
    keys = [key for key in keys_of("training") if key.key.startswith("recipe.")]
    return (
        "# Recipes and their keys\n\nA recipe is how a network is trained. `rnas recipes NAME` prints one as YAML; an "
        "edited copy is a recipe too. `rnas train ARCH --recipe NAME --set recipe.KEY=VALUE` changes one key.\n\n"
        "## Recipes\n\n| recipe | loss | epochs | after | note |\n|---|---|---|---|---|\n"
        f"{listed}\n\n## Keys\n\n{_table(keys)}\n"
    )


TABLES = (
    ("Huang, Lu, Deb, Boddeti, CVPR 2023, Table 2", "CVPR 2023, Table 2", "TRADES", "bat"),
    ("the same networks by SAT, in the README of their code", "CIFAR-10 (SAT)", "SAT", "bat-sat"),
    ("the same networks by MART, in the README of their code", "CIFAR-10 (MART)", "MART", "bat-mart"),
    ("scalings of depth and width, in the README of their code, Table 2", "residual-network, Table 2", "TRADES", "bat"),
    ("advanced training, in the README of their code, Table 3", "residual-network, Table 3", "AAT", "aat"),
    ("Huang, Wang, Erfani, Gu, Bailey, Ma, NeurIPS 2021, Table 1", "NeurIPS 2021, Table 1", "SAT", "sat"),
    ("Huang, Wang, Erfani, Gu, Bailey, Ma, NeurIPS 2021, Table 2", "NeurIPS 2021, Table 2", "SAT", "sat"),
)
"""Tables of papers: a name, what is in the source of their rows, how they say that they trained, and that recipe."""

_IMAGES = 50_000


def papers() -> dict[str, list[str]]:
    """Return the rows of the tables on what reproduces which table or figure of a paper, and what it costs."""
    from rnas import registry
    from rnas.experiments.replications.design import PAPER, SMALL, Size, replications

    digits, cifar10 = Size(SMALL, (1, 8, 8), 10), Size(PAPER, (3, 32, 32), 10)
    studies = []
    for one in replications():
        small, cells = len(one.design(digits)) * one.seeds, one.design(cifar10)
        cost = _work((cell.flops for cell in cells), one.recipe, one.seeds)
        where = f"{one.paper.split(':')[0]}; {one.section}"
        studies.append(
            f"| `{one.name}` | {_cell(where)} | {small} | {len(cells) * one.seeds} by `{one.recipe}` | {cost} |"
        )
    published = [
        one for group in registry.names(registry.BASELINES) for one in registry.load(registry.BASELINES, group)
    ]
    tables = []
    for title, source, training, recipe in TABLES:
        found = [
            one
            for one in published
            if any(
                row.dataset == "cifar10" and source in row.source and training in row.training for row in one.published
            )
        ]
        names = ", ".join(f"`{one.name}`" for one in found)
        cost = _work((one.cost.flops for one in found), recipe, 1)
        tables.append(f"| {_cell(title)} | {names} | `{recipe}` | {cost} |")
    return {"studies": studies, "tables": tables}


def _work(flops: "Iterable[int]", recipe: str, seeds: int) -> str:
    """Return the cells on what it costs to train networks by a recipe."""
    from rnas.training import Recipe

    resolved = Recipe.resolve(recipe)
    passes = 1 + getattr(resolved.inner_attack, "steps", 0)
    # A backward pass costs twice a forward pass.
    work = 3 * sum(flops) * seeds * _IMAGES * resolved.epochs * passes
    return f"{work / 1e18:,.0f} | {work / 1e13 / 86_400:,.0f}"


def _table(keys: "Iterable[Key]") -> str:
    rows = (f"| {code(key.key)} | {_cell(key.type)} | {code(key.default)} | {_cell(key.meaning)} |" for key in keys)
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])


def code(text: str) -> str:
    """Return a text as code in a cell of a table; empty if it is."""
    # Lines may break behind a dot or a bracket, and nowhere else.
    broken = re.sub(r"([.(:])", r"\1<wbr>", _cell(text))
    return f"<code>{broken}</code>" if text else ""


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>\[\]$])", r"\\\1", text)


def _cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return (
        html.escape(" ".join(str(text).split()), quote=False)
        .replace("|", "&#124;")
        .replace("_", "&#95;")
        .replace("*", "&#42;")
    )


def on_config(config: "MkDocsConfig") -> None:
    """Add the pages of the API to the navigation."""
    [reference] = (tab["Reference"] for tab in config.nav or [] if "Reference" in tab)
    reference.append({"Packages": [f"reference/api/{package}.md" for package in STUBS]})


def on_files(files: "Files", *, config: "MkDocsConfig") -> "Files":
    """Add the generated pages, the notebooks, the changelog, and the benchmarks with the files that they link to."""
    from mkdocs.structure.files import File

    from docs import tutorials

    for path, text in generated():
        files.append(File.generated(config, path, content=text))
    with ThreadPoolExecutor(2) as pool:
        for name, (text, figures) in zip(
            tutorials.NOTEBOOKS, pool.map(tutorials.page, tutorials.NOTEBOOKS), strict=True
        ):
            files.append(File.generated(config, f"tutorials/{name}.md", content=text))
            files.append(File.generated(config, f"tutorials/{name}.ipynb", abs_src_path=str(tutorials.NOTEBOOKS[name])))
            for file, content in figures.items():
                files.append(File.generated(config, f"tutorials/{file}", content=content))
    files.append(File.generated(config, "changelog.md", abs_src_path=str(ROOT / "CHANGELOG.md")))
    for page in sorted((ROOT / "benchmarks").rglob("*.md")):
        for path in {page, *_linked(page)}:
            name = path.relative_to(ROOT).as_posix()
            if files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def _linked(page: Path) -> Iterator[Path]:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        path = (page.parent / target).resolve()
        if "://" not in target and path.is_file():
            yield path


def on_page_markdown(markdown: str, *, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Fill the tables of the page on papers."""
    if page.file.src_uri == "how-to/papers.md":
        for name, rows in papers().items():
            markdown = markdown.replace(f"<!-- {name} -->", "\n".join(rows))
    return markdown


def on_page_content(content: str, *, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Write formulas as MathML, which browsers show without a script, and references of docstrings as plain names."""
    from latex2mathml.converter import convert

    def formula(match: re.Match[str]) -> str:
        written = html.unescape(match[2]).strip()
        if match[1] == "div":
            return f'<div class="formula">{convert(written, display="block")}</div>'
        return str(convert(written))

    return _ROLE.sub("", _FORMULA.sub(formula, content))


def on_post_page(output: str, *, page: "Page", config: "MkDocsConfig") -> str:
    """Warn of a page that loads something from another host."""
    found = _LOADED.search(output)
    if found:
        _log.warning("%s loads from another host: %s", page.file.src_uri, found[0])
    return output
