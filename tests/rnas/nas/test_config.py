import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.errors import InputError
from rnas.evaluation.training_settings import TrainingSettings
from rnas.nas._setup import resolve
from rnas.nas.config import SearchConfig
from rnas.nas.presets import preset, preset_names, preset_text
from rnas.nas.space import find_space
from rnas.utils._yaml_files import read_mapping, set_key
from search_spaces.cells import CellSettings

DIGITS = {"space": "wide-resnet-depths", "evaluator": {"train": {"data": "digits"}}}


def dumped(config: SearchConfig) -> str:
    """A configuration as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json", exclude_none=True))


def test_what_is_not_said_takes_its_default() -> None:
    setup = resolve(SearchConfig.parse(DIGITS, "test"), Path(), "test")
    train = setup.config.evaluator["train"]
    assert train["eps"] == "3/20"
    assert train["recipe"]["name"] == "short-sat"
    assert train["fidelity"]["epochs"] >= 1
    assert [o.metric for o in setup.config.objectives] == ["robust_accuracy", "flops"]
    assert setup.space.input_shape == (1, 8, 8)


def test_attacks_of_a_final_evaluation_are_read_as_those_of_an_evaluation() -> None:
    config = SearchConfig.parse({"final_evaluation": {"attacks": [" AutoAttack", "PGD20", "pgd20"]}}, "test")
    assert config.final_evaluation is not None
    assert config.final_evaluation.attacks == ("autoattack", "pgd20")


@pytest.mark.parametrize("name", ["digits"])
def test_resolving_what_was_resolved_changes_nothing(name: str, tmp_path: Path) -> None:
    setup = resolve(SearchConfig.parse(preset(name), name), Path(), name)
    (tmp_path / "config.yaml").write_text(dumped(setup.config))
    again = resolve(SearchConfig.parse(read_mapping(tmp_path / "config.yaml"), "again"), tmp_path, "again")
    assert dumped(again.config) == dumped(setup.config)
    assert again.config.fingerprint == setup.config.fingerprint


@pytest.mark.parametrize("name", ["cifar10-smoke", "cifar10-day", "cifar10-crossed"])
def test_one_switch_lets_a_preset_train_in_graphs(name: str) -> None:
    content = preset(name)
    before = TrainingSettings(**content["evaluator"]["train"]).recipe
    set_key(content, "evaluator.train.recipe.numerics.cuda_graphs=true")
    after = TrainingSettings(**content["evaluator"]["train"]).recipe
    assert before.numerics.precision == "bfloat16"
    assert after.numerics == before.numerics.model_copy(update={"cuda_graphs": True})
    assert after.model_copy(update={"numerics": before.numerics}) == before


def test_epsilon_stays_an_exact_fraction() -> None:
    config = SearchConfig.parse({**DIGITS, "evaluator": {"train": {"eps": "8/255"}}}, "test")
    train = resolve(config, Path(), "test").evaluator.settings.train
    assert train.eps == Fraction(8, 255)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"budget": 7}, True),
        ({"hours": 1.5}, True),
        ({"workers": 3}, True),
        ({"device": "cpu"}, True),
        ({"seed": 1}, False),
        ({"batch_size": 5}, False),
        ({"strategy": "random"}, False),
        ({"time_limit": 60}, False),
        ({"asynchronous": False}, True),
        ({"asynchronous": True}, False),
    ],
)
def test_the_fingerprint_is_of_what_decides_results(changes: dict[str, Any], same: bool) -> None:
    one, other = SearchConfig.parse(DIGITS, "test"), SearchConfig.parse({**DIGITS, **changes}, "test")
    assert (one.fingerprint == other.fingerprint) is same


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": "nowhere"}, "my.yaml: space: unknown search space 'nowhere'; known: "),
        ({"space": {"name": "wide-resnet-depths", "narrow": {"depth1": [0]}}}, "my.yaml: space: .*depth1"),
        ({"space": {"name": "wide-resnet-depths", "narrow": {"deep": [1]}}}, "my.yaml: space: .*deep"),
        ({"space": {"name": "wide-resnet-depths", "flops": ":1K"}}, "my.yaml: space: no architecture of space "),
        ({"strategy": "wibble"}, "my.yaml: strategy: unknown strategy 'wibble'; known: "),
        ({"strategy": {"name": "nsga2", "size": 3}}, "my.yaml: strategy: unknown key 'size'; it has population"),
        ({"strategy": {"name": "nsga2", "population": 0}}, "my.yaml: strategy nsga2: population is 0; give a whole "),
        (
            {"objectives": [{"metric": "beauty", "direction": "maximize"}]},
            "my.yaml: objectives: the evaluator states no metric 'beauty'",
        ),
        (
            {"evaluator": {"train": {"data": "digits", "fidelity": {"epoch": 3, "batch_size": 64}}}},
            "my.yaml: evaluator: train.fidelity.epoch: unknown key; it has epochs, ",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"^{message}"):
        resolve(SearchConfig.parse({**DIGITS, **changes}, "my.yaml"), Path(), "my.yaml")


def test_relative_paths_start_at_the_config(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("cell,accuracy\n333333,0.5\n222222,0.4\n")
    config = {
        "space": "nas-bench-201",
        "evaluator": {"table": "results.csv", "architecture": "cell"},
        "objectives": [{"metric": "accuracy", "direction": "maximize"}],
    }
    setup = resolve(SearchConfig.parse(config, "test"), tmp_path, "test")
    assert setup.config.evaluator["table"] == str(tmp_path / "results.csv")


def test_set_reaches_any_key() -> None:
    data: dict[str, Any] = {"space": "robust-resnet", "evaluator": {"train": {"recipe": "sat"}}}
    for assignment in (
        "budget=3",
        "space.narrow.depth1=[1, 2]",
        "evaluator.train.recipe.weight_decay=0",
        "evaluator.train.eps=8/255",
    ):
        set_key(data, assignment)
    assert data == {
        "space": {"name": "robust-resnet", "narrow": {"depth1": [1, 2]}},
        "budget": 3,
        "evaluator": {"train": {"recipe": {"name": "sat", "weight_decay": 0}, "eps": "8/255"}},
    }


@pytest.mark.parametrize("assignment", ["budget", "=3", ".budget=3", "budget.inner=3", "budget=[", "a..b=1"])
def test_an_assignment_that_cannot_be_is_refused(assignment: str) -> None:
    with pytest.raises(InputError, match=r"KEY=VALUE|is not a mapping|not valid YAML"):
        set_key({"budget": 1}, assignment)


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_configs(name: str) -> None:
    assert SearchConfig.parse(yaml.safe_load(preset_text(name)), name).budget > 0
    assert preset_text(name).startswith("# ")


@pytest.mark.parametrize("name", preset_names())
def test_presets_have_more_networks_than_their_budget(name: str) -> None:
    config = SearchConfig.parse(preset(name), name)
    settings = dict(config.space)
    found = find_space(settings.pop("name"))
    images = ((1, 8, 8), 10) if config.evaluator.get("train", {}).get("data") == "digits" else found.usual_images
    space = found(found.Settings.model_validate(settings), *images)
    assert space.enumeration is None or len(space.enumeration) >= config.budget


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="unknown preset 'night'; known: cifar10-crossed, cifar10-day"):
        preset("night")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"budget": True}, "budget is true; write a number"),
        ({"promote": True}, "promote is true; write a number"),
        ({"budget": "1_6"}, "budget is '1_6'; write a number in digits"),
        ({"budget": 2**64}, "budget is beyond all use; write a whole number below 2"),
        ({"hours": math.inf}, "hours: input should be a finite number"),
        ({"time_limit": math.inf}, "time_limit: input should be a finite number"),
        ({"time_limit": math.nan}, "time_limit: input should be"),
    ],
)
def test_numbers_are_numbers_that_can_be_meant(content: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SearchConfig.parse(content, "config")


def test_numbers_within_parts_are_checked_as_well() -> None:
    with pytest.raises(InputError, match=r"channels is true; write a number"):
        CellSettings(channels=(True,))
    with pytest.raises(InputError, match=r"search_val is true; write a number"):
        TrainingSettings(images={"search_val": True, "test": 1})


def test_words_that_a_number_may_be_are_named() -> None:
    with pytest.raises(InputError, match=r"^c: workers: input should be a valid integer, or 'auto', not 'many'$"):
        SearchConfig.parse({"space": "digits-bench", "workers": "many"}, "c")
