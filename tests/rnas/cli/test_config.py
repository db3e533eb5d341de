"""The keys of a configuration, as ``rnas config`` lists them."""

import json
from collections.abc import Callable

import pytest

from rnas.nas.config import SearchConfig
from tests.rnas.cli.conftest import Result

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    from rnas.cli.config import search_keys

    return {known.key: vars(known) for known in search_keys()}


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


def test_the_first_keys_are_listed_and_those_below_one_on_demand(command: Command) -> None:
    first = command("config").out
    assert "budget" in first
    assert "evaluator.train" not in first
    assert "more keys stand inside these" in first
    below = command("config", "evaluator.train.evaluation").out
    assert [line.split()[0] for line in below.splitlines()[1:] if line.startswith("evaluator")] == [
        f"evaluator.train.evaluation{name}" for name in ("", ".steps", ".step", ".batch_size", ".diagnostics")
    ]
    listed = json.loads(command("config", "promote", "--json").out)
    assert [known["key"] for known in listed] == ["promote"]
