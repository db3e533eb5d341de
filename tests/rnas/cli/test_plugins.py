"""``rnas plugins``."""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from rnas import registry
from rnas.cli.plugins import KINDS
from tests.other_packages import installed

MODULES = {
    "some_attacks.py": "from rnas.attacks.fgsm import FAMILY",
    "broken_attacks.py": "raise RuntimeError('first line\\nsecond line')",
}
ENTRY_POINTS = {
    "rnas.attacks": {
        "good": "some_attacks:FAMILY",
        "gone": "some_attacks:NOTHING",
        "missing": "no_such_module:FAMILY",
        "broken": "broken_attacks:FAMILY",
        "pgd": "some_attacks:FAMILY",
    },
    "rnas.attack": {"misplaced": "some_attacks:FAMILY"},
}


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[None]:
    """A package with attacks, of which one is sound."""
    with installed(tmp_path, "some-attacks", "1.2", ENTRY_POINTS, MODULES):
        yield


def test_every_kind_there_is_and_every_plugin_of_ours_loads(command: Callable[..., Any]) -> None:
    own = [point for point in distribution("rnas").entry_points if point.group.startswith("rnas.")]
    assert set(KINDS) == {point.group.removeprefix("rnas.") for point in own}
    found = json.loads(command("plugins", "--json").out)
    listed = {(part["kind"], part["name"], part["object"]) for part in found if part["distribution"] == "rnas"}
    assert listed == {(point.group.removeprefix("rnas."), point.name, point.value) for point in own}
    assert [part for part in found if part["error"] is not None] == []
    assert found == sorted(found, key=lambda part: (part["kind"], part["name"]))


def test_a_table_of_one_kind(command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    lines = command("plugins", "blocks").out.splitlines()
    assert lines[0].split() == ["kind", "name", "object", "package", "loads"]
    package = f"rnas {distribution('rnas').version}".split()
    assert lines[1].split() == ["blocks", "basic", "rnas.networks.blocks.basic:BLOCK", *package, "yes"]
    assert [line.split()[1] for line in lines[1:]] == registry.names(registry.BLOCKS)


@pytest.mark.usefixtures("plugin")
def test_other_packages_plugins_and_why_some_do_not_load(command: Callable[..., Any]) -> None:
    found = json.loads(command("plugins", "attacks", "--json").out)
    errors = {part["name"]: part["error"] for part in found if part["distribution"] == "some-attacks"}
    assert {part["version"] for part in found if part["distribution"] == "some-attacks"} == {"1.2"}
    assert errors["good"] is None
    assert errors["missing"] == "ModuleNotFoundError: No module named 'no_such_module'"
    assert errors["broken"] == "RuntimeError: first line second line"
    assert errors["gone"].startswith("AttributeError: ")
    twice = [part["error"] for part in found if part["name"] == "pgd"]
    assert len(twice) == 2
    assert all("is registered by" in error for error in twice)


@pytest.mark.usefixtures("plugin")
def test_a_group_that_does_not_exist_is_told(command: Callable[..., Any]) -> None:
    (misplaced,) = [part for part in json.loads(command("plugins", "--json").out) if part["name"] == "misplaced"]
    assert misplaced["kind"] == "attack"
    assert misplaced["error"].startswith("rnas.attack is no group of rnas; use one of rnas.architectures, rnas.at")


def test_an_unknown_kind(command: Callable[..., Any]) -> None:
    result = command("plugins", "attack")
    assert (result.code, result.out) == (2, "")
    assert "unknown kind of plug-ins 'attack'; known: architectures, attacks, " in result.err
