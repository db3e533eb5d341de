"""What the documentation says holds: its examples run, its commands exist, and every public name is on a page."""

import ast
import doctest
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from typer.main import get_command

from docs import hooks
from rnas import registry
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.cli import COMMANDS, app
from rnas.cli.plugins import KINDS, registered
from rnas.evaluation.flags import CHECKS
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Evaluator
from rnas.nas.presets import preset, preset_names
from rnas.networks.block import Block
from rnas.scaling_rules.verdict import Verdict
from rnas.training.recipe import Recipe
from rnas.utils.provenance import versions
from tests.other_packages import installed

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(
    r"(?:^<!-- tiny: (?P<tiny>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)


class Example(NamedTuple):
    """A block of a page: what readers see of it, and what makes it tiny."""

    page: Path
    line: int
    text: str
    tiny: str

    @property
    def run(self) -> str:
        """The text with fewer images, epochs or evaluations."""
        text = self.text
        for change in filter(None, self.tiny.split("; ")):
            shown, _, smaller = change.partition(" => ")
            assert shown in text, f"{self.page}: {shown!r} is not in the block below the comment"
            text = text.replace(shown, smaller)
        return text


def examples(language: str) -> Iterator[Example]:
    for page in PAGES:
        content = page.read_text()
        for block in _BLOCK.finditer(content):
            if block["language"] == language:
                line = content.count("\n", 0, block.start("text")) + 1
                yield Example(page, line, block["text"], block["tiny"] or "")


PYTHON = {page: [one for one in examples("python") if one.page == page] for page in PAGES}


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


TESTED = ("attack", "block", "data", "evaluator", "other-parts", "predictor", "space", "strategy")
"""Pages whose own part has to pass its conformance test: each is a module of tests."""

RUN = [page for page in PAGES if PYTHON[page]]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=names(RUN))
def test_every_python_block_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = PYTHON[page]
    if page.stem in TESTED:
        module = tmp_path / f"test_{page.stem.replace('-', '_')}.py"
        module.write_text("\n".join(block.run for block in blocks))
        given = [module, "-q", "-c", "/dev/null", "--rootdir", tmp_path, "-W", "error"]
        plugins = [word for name in ("cacheprovider", "typeguard", "xdist") for word in ("-p", f"no:{name}")]
        assert pytest.main([*map(str, given), *plugins]) == 0
        return
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile("\n" * (block.line - 1) + block.run, str(page), "exec"), namespace)


def docstrings() -> Iterator[Any]:
    """Docstrings of functions with an example, which the pages of the API show."""
    for path in sorted((ROOT / "rnas").rglob("*.py")):
        source = path.read_text()
        if ">>> " in source:
            for node in ast.parse(source).body:
                text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
                if text is not None and ">>> " in text:
                    yield pytest.param(text, id=node.name)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*docstrings()])
def test_every_example_of_the_api_runs(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(text, {}, "example", None, None)
    found: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(example, out=found.append)
    assert results.attempted > 1
    assert found == []


def command(name: str) -> Any:
    group: Any = get_command(app)
    return group.resolve_command(group.make_context("rnas", [], resilient_parsing=True), [name])[1]


SHELL = [
    pytest.param(line, id=f"{block.page.relative_to(ROOT)}:{block.line + number}")
    for block in examples("sh")
    for number, line in enumerate(block.text.splitlines())
    if line
]


@pytest.mark.parametrize("line", SHELL)
def test_every_line_of_shell_is_a_command(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    match program:
        case "rnas":
            assert words[0] in COMMANDS
            # Raises for an option that does not exist, a missing argument and a value of a wrong type.
            command(words[0]).make_context(words[0], words[1:])
        case "make":
            assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case "pip":
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            assert words[0] == "install"
            assert set(re.findall(r"\[(\w+)\]", line)) <= set(extras)
        case _:
            assert program == "optuna-dashboard"


@pytest.mark.parametrize("block", [*examples("bash")], ids=lambda block: f"{block.page.stem}:{block.line}")
def test_scripts_are_read_by_a_shell_and_have_commands_of_rnas(block: Example) -> None:
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    commands = re.findall(r"(?:^ *|-- )rnas (.*)$", block.text, re.MULTILINE)
    assert commands
    for line in commands:
        test_every_line_of_shell_is_a_command(f"rnas {line}")


def test_no_code_stands_outside_a_block_that_is_tested() -> None:
    known = {"python", "sh", "bash", "yaml", "toml", "text"}
    for page in PAGES:
        assert {block["language"] for block in _BLOCK.finditer(page.read_text())} <= known, page
        prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert re.findall(r"^ {4}(?:rnas|pip|make|python|import|from) .*", prose, re.MULTILINE) == [], page


def test_every_command_in_a_sentence_is_one() -> None:
    wrong = []
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for span in re.findall(r"`rnas ([a-z][^`]*)`", page.read_text()):
            name, *words = " ".join(span.split()).split(" ")
            if name not in COMMANDS:
                wrong.append((page.name, span))
                continue
            known = {option for parameter in command(name).params for option in parameter.opts} | {"--help"}
            wrong += [(page.name, span) for word in words if word.startswith("-") and word not in known]
    assert wrong == []


def test_every_config_is_one() -> None:
    for block in examples("yaml"):
        SearchConfig.parse(yaml.safe_load(block.run), f"{block.page}:{block.line}")


def test_every_public_name_is_on_a_page() -> None:
    pages = dict(hooks.api_pages())
    index = pages.pop("reference/public-api.md")
    for package in hooks.STUBS:
        page = pages.pop(f"reference/api/{package}.md")
        assert f"(api/{package}.md)" in index
        shown = re.findall(rf"^(?:::: |- \[`){re.escape(package)}\.(\w+)", page, re.MULTILINE)
        assert sorted(shown) == sorted(import_module(package).__all__), package
    assert pages == {}


def test_every_command_and_option_is_in_the_reference() -> None:
    page = hooks.command_line()
    sections = dict(re.findall(r"^## rnas (\S+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(COMMANDS)
    for name, section in sections.items():
        context = command(name).make_context(name, [], resilient_parsing=True)
        for parameter in command(name).params:
            assert hooks.code(parameter.get_help_record(context)[0]) in section, (name, parameter.name)


def test_keys_of_configs_and_recipes_are_in_the_reference() -> None:
    search, others, page = hooks.config_keys(), hooks.other_keys(), hooks.recipe_keys()
    assert [name for name in SearchConfig.model_fields if hooks.code(name) not in search] == []
    assert [name for name in Recipe.model_fields if hooks.code(f"recipe.{name}") not in page] == []
    for kind in registry.names(registry.EXPERIMENTS):
        assert kind == "search" or f"\n## {kind}\n" in others
    for name in registry.names(registry.RECIPES):
        assert f"| `{name}` |" in page


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text()
        targets = re.findall(r"\]\(([^)#]+)", text)
        assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_what_another_host_would_send_is_found() -> None:
    for loads in ('<script src="https://cdn.org/x.js">', "<img alt=x src=//cdn.org/x.png>"):
        assert hooks._LOADED.search(loads)
    assert hooks._LOADED.search('<link rel="stylesheet" href="https://fonts.org/x.css">')
    assert not hooks._LOADED.search('<a href="https://pymoo.org">pymoo</a><script src="assets/x.js"></script>')


def test_the_citation_is_of_this_version() -> None:
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    version = import_module("rnas").__version__
    assert content["version"] == version
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table whose head begins like this, without the marks of code."""
    lines = (ROOT / "docs" / page).read_text().split(f"| {heading} |", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.replace("`", "").strip("|").split("|")] for line in lines]


def test_tables_have_what_the_code_has() -> None:
    presets = {row[0]: int(row[2]) for row in table("how-to/cost.md", "preset")}
    assert presets == {name: preset(name)["budget"] for name in preset_names()}
    flags = {name for row in table("concepts/robust-accuracy.md", "flag") for name in row[0].split(", ")}
    assert flags == set(CHECKS)
    verdicts = {row[0] for row in table("concepts/rules.md", "verdict")}
    assert verdicts == {verdict.value for verdict in Verdict if verdict is not Verdict.IDENTIFIED}
    strategies = {row[0] for row in table("how-to/configure.md", "name")}
    assert strategies == set(registry.names(registry.STRATEGIES))
    for page in ("how-to/export.md", "reference/exports.md"):
        assert {row[0] for row in table(page, "format")} == set(registry.names(registry.EXPORTS))
    for row in table("how-to/evaluate.md", "attack"):
        for name in row[0].split(", "):
            named_attack(name, Fraction(8, 255))


def test_what_reproduces_a_table_is_what_there_is() -> None:
    rows = hooks.papers()
    assert [row.split("`")[1] for row in rows["studies"]] == registry.names(registry.REPLICATIONS)
    page = (ROOT / "docs" / "how-to" / "papers.md").read_text()
    for name, lines in rows.items():
        assert f"<!-- {name} -->" in page
        assert all(line.endswith(" |") and "|  |" not in line for line in lines)
    [first, *_] = rows["tables"]
    # Twelve networks, 100 epochs, eleven passes forward and backward over 50,000 images.
    assert first.count("`") == 2 * 13
    published = [5.11e9, 10.1e9, 20.0e9, 39.9e9]
    assert float(first.split("|")[4].replace(",", "")) > sum(published) * 3 * 50_000 * 100 * 11 / 1e18


PACKAGE = (ROOT / "docs" / "how-to" / "package.md").read_text()


@pytest.fixture
def example(tmp_path: Path) -> Iterator[None]:
    """The package of the text."""
    [project] = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PACKAGE, re.DOTALL))
    sources = re.findall(r"^`(my_plugins/\w+\.py)`:\n\n```python\n(.*?)```", PACKAGE, re.DOTALL | re.MULTILINE)
    with installed(tmp_path, project["name"], project["version"], project["entry-points"], dict(sources)):
        yield


@pytest.mark.usefixtures("example")
def test_the_example_is_a_package_whose_plugins_are_found() -> None:
    own = {
        (part.kind, part.name): part.error
        for kind in ("attacks", "recipes")
        for part in registered(kind)
        if part.distribution == "my-plugins"
    }
    assert own == {("attacks", "long-steps"): None, ("recipes", "gentle"): None}
    assert versions()["my-plugins"] == "0.1"
    assert named_attack("long-steps", Fraction(1, 8), "l2") == PGD(Fraction(1, 8), 10, Fraction(1, 2), norm="l2")
    gentle = Recipe.resolve("gentle")
    assert (gentle.name, gentle.weight_decay, gentle.overrides) == ("gentle", 1e-5, {})


def configured_name(evaluator: type[Evaluator]) -> str:
    name, field = next(iter(evaluator.Settings.model_fields.items()))
    return field.alias or name


def test_the_table_of_names_has_every_group_and_holds_for_ours() -> None:
    start = PACKAGE.index("| entry point group | what it names | name |")
    table = PACKAGE[start:]
    assert sorted(re.findall(r"`rnas\.(\w+)`", re.sub(r"`rnas\.networks\.\w+`", "", table))) == sorted(KINDS)
    own: dict[str, Callable[[Any], str]] = {
        registry.ARCHITECTURES: lambda part: part.kind,
        registry.EVALUATORS: configured_name,
        registry.SEARCH_SPACES: lambda part: part.name,
        registry.RECIPES: lambda part: part.name,
        registry.REPLICATIONS: lambda part: part.name,
        registry.EXPORTS: lambda part: part.name,
        registry.EXPERIMENTS: lambda part: part.kind,
    }
    for group, name_of in own.items():
        for name in registry.names(group):
            assert name_of(registry.load(group, name)) == name, (group, name)


def test_a_space_is_given_a_block_as_the_text_says() -> None:
    page = (ROOT / "docs" / "how-to" / "block.md").read_text()
    [lines] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    spaces = []
    for line in lines.replace("my-block", "bottleneck").splitlines():
        options = yaml.safe_load(line)["space"]
        cls = registry.load(registry.SEARCH_SPACES, options.pop("name"))
        spaces.append(cls(cls.Settings.model_validate(options), (3, 32, 32), 10))
    several, one = spaces
    assert {v.name: v.choices for v in several.variables}["topology"] == ("bottleneck", "basic")
    assert one.decode(np.zeros(len(one.variables), dtype=np.int64)).blocks == (Block("bottleneck"),)
