"""The keys of a configuration, as ``rnas config`` lists them."""

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from rnas import registry
from rnas.cli.config import keys_of
from rnas.nas.config import SearchConfig
from tests.rnas.cli.conftest import Result

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    return {known.key: vars(known) for known in keys_of("search")}


def test_every_key_of_every_part_is_there(keys) -> None:
    assert set(SearchConfig.model_fields) <= set(keys)
    for key in (
        "space(robust-resnet).base_channels",
        "evaluator.train.fidelity.epochs",
        "evaluator.train.recipe.inner_attack(pgd).steps",
        "evaluator.table",
        "strategy(nsga2).population",
        "final_evaluation.seeds",
    ):
        assert key in keys


def test_types_defaults_and_meanings_are_those_of_the_models(keys) -> None:
    assert keys["budget"]["type"] == "integer > 0"
    assert keys["budget"]["default"] == "100"
    assert keys["device"]["type"] == "auto|cpu|cuda"
    assert keys["evaluator.train.fidelity.epochs"] == {
        "key": "evaluator.train.fidelity.epochs",
        "type": "integer > 0",
        "default": "",
        "meaning": "Passes over the training images.",
    }
    # A class that changes a default alone keeps the description of its base.
    assert keys["space(digits-bench).depths"]["meaning"] == keys["space(robust-resnet).depths"]["meaning"] != ""
    assert not [key for key, known in keys.items() if "``" in known["meaning"] or ":class:" in known["meaning"]]


def test_a_strategy_whose_extra_is_missing_hides_no_other_key(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = EntryPoint("missing", "tests.rnas.cli.no_such_module:Strategy", registry.STRATEGIES)
    monkeypatch.setitem(registry._group(registry.STRATEGIES), "missing", (missing,))
    found = {known.key for known in keys_of("search")}
    assert {"strategy(surrogate-nsga2).initial", "final_evaluation.seeds"} <= found


def test_the_first_keys_are_listed_and_those_below_one_on_demand(command: Command) -> None:
    first = command("config").out
    assert "budget" in first
    assert "evaluator.train" not in first
    assert "more keys stand inside these" in first
    below = command("config", "search", "evaluator.train.evaluation").out
    assert [line.split()[0] for line in below.splitlines()[1:] if line.startswith("evaluator")] == [
        f"evaluator.train.evaluation{name}"
        for name in ("", ".steps", ".step", ".batch_size", ".threats", ".diagnostics")
    ]
    listed = json.loads(command("config", "search", "promote", "--json").out)
    assert [known["key"] for known in listed] == ["promote"]


@pytest.mark.parametrize("kind", registry.names(registry.EXPERIMENTS))
def test_every_key_of_every_kind_has_a_meaning(kind: str) -> None:
    found = {known.key: known for known in keys_of(kind)}
    assert set(registry.load(registry.EXPERIMENTS, kind).Settings.model_fields) <= set(found)
    assert [key for key, known in found.items() if not known.meaning and not key.startswith("strategy(")] == []


def test_the_keys_of_another_kind_are_listed(command: Command) -> None:
    listed = json.loads(command("config", "comparison", "training.fidelity.epochs", "--json").out)
    assert [(known["type"], known["meaning"]) for known in listed] == [
        ("integer > 0", "Passes over the training images.")
    ]
    assert "rnas config tuning KEY" in " ".join(command("config", "tuning").out.split())
    unknown = command("config", "budget")
    assert unknown.code == 2
    assert "unknown kind of experiment 'budget'; known: cell-search, comparison, " in unknown.err
    assert "rnas config search budget" in unknown.err
