"""What CONTRIBUTING.md says of other people's packages holds."""

import re
import tomllib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from rnas import registry
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.cli.plugins import KINDS, registered
from rnas.nas.evaluators.evaluator import Evaluator
from rnas.networks.block import Block
from rnas.training.recipe import Recipe
from rnas.utils.provenance import versions
from tests.other_packages import installed

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()


@pytest.fixture
def example(tmp_path: Path) -> Iterator[None]:
    """The package of the text."""
    [project] = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL))
    sources = re.findall(r"^`(my_plugins/\w+\.py)`:\n\n```python\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)
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
    start = TEXT.index("| entry point group | what it names | name |")
    table = TEXT[start : TEXT.index("\n\n", start)]
    assert sorted(re.findall(r"`rnas\.(\w+)`", table)) == sorted(KINDS)
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
    section = TEXT[TEXT.index("### A block") : TEXT.index("### An attack")]
    [lines] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    spaces = []
    for line in lines.replace("my-block", "bottleneck").splitlines():
        options = yaml.safe_load(line)["space"]
        cls = registry.load(registry.SEARCH_SPACES, options.pop("name"))
        spaces.append(cls(cls.Settings.model_validate(options), (3, 32, 32), 10))
    several, one = spaces
    assert {v.name: v.choices for v in several.variables}["topology"] == ("bottleneck", "basic")
    assert one.decode(np.zeros(len(one.variables), dtype=np.int64)).blocks == (Block("bottleneck"),)
