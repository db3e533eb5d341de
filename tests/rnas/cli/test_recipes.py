"""``rnas recipes``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas import registry
from rnas.cli.recipes import inner_attack_words, recipe_text
from rnas.networks import architecture as arch
from rnas.training.recipe import Recipe
from tests.rnas.experiments.training.trainings import NETWORK

NAMES = registry.names(registry.RECIPES)


def test_the_list_names_every_recipe_with_what_tells_it_from_others(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    result = command("recipes")
    assert result.code == 0
    rows = {line.split()[0]: line for line in result.out.splitlines() if line and line.split()[0] in NAMES}
    assert sorted(rows) == NAMES
    for words in ("trades, beta 6", "PGD-10 on the divergence, steps of 9/40 eps", " 76 ", " 128 ", " yes "):
        assert words in rows["trades"]
    for words in ("EMA of 0.995", "70% extra data", " no "):
        assert words in rows["aat"]
    assert "Zhang et al., Theoretically Principled Trade-off between Robustness and Accuracy" in result.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sat", "PGD-10 on the cross-entropy, steps of 1/4 eps"),
        ("fgsm-rs", "one step of 5/4 eps on the cross-entropy from uniform noise of eps"),
        ("n-fgsm", "one step of eps on the cross-entropy from uniform noise of 2 eps"),
        ("free", "8 replays of each batch, steps of eps"),
        ("standard", "none"),
    ],
)
def test_crafting_in_words(name: str, words: str) -> None:
    assert inner_attack_words(Recipe.resolve(name)) == words


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_recipe_reads_back_as_the_recipe(name: str) -> None:
    recipe = Recipe.resolve(name)
    text = recipe_text(recipe)
    assert Recipe.resolve(yaml.safe_load(text)) == recipe
    comments = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))
    assert recipe.source in comments
    assert recipe.note in comments
    assert all(len(line) <= 100 for line in text.splitlines())


def test_an_edited_copy_is_a_recipe(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(command("recipes", "sat").out.replace("weight_decay: 0.0005", "weight_decay: 0.001"))
    words = ("--recipe", path, "--data", "digits", "--device", "cpu", "--dry-run", "--epochs", 1)
    network = tmp_path / "net.json"
    network.write_text(json.dumps(arch.to_dict(NETWORK)))
    result = command("train", network, *words, "--images", 32, "--attacks", "fgsm", "--json")
    assert result.code == 0, result.err
    assert "recipe sat with weight_decay changed" in result.err


def test_json(command: Callable[..., Any]) -> None:
    content = json.loads(command("recipes", "--json").out)
    assert sorted(content) == NAMES
    assert json.loads(command("recipes", "bat", "--json").out) == content["bat"]


def test_an_unknown_recipe(command: Callable[..., Any]) -> None:
    result = command("recipes", "none")
    assert (result.code, result.out) == (2, "")
    assert "unknown recipe 'none'; known: aat, " in result.err
