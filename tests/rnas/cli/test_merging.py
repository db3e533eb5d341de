from pathlib import Path

import pytest

from rnas.cli.merging import merged
from rnas.errors import InputError


def test_without_config_the_data_choose_the_preset() -> None:
    digits, _, source = merged(None, None, {}, [])
    assert source == "preset digits"
    assert digits["evaluator"]["train"]["data"] == "digits"
    cifar, folder, source = merged(None, None, {"data": "cifar10", "data_dir": Path("data")}, [])
    assert source == "preset cifar10-smoke"
    assert folder == Path()
    assert cifar["evaluator"]["train"]["data_dir"] == str(Path("data").absolute())
    own, _, source = merged(None, None, {"data": "folder", "data_dir": Path("images")}, [])
    assert source == "preset folder"
    # The shares of the data itself hold, however few images there are.
    assert "images" not in own["evaluator"]["train"]


def test_options_change_what_the_config_says_and_assignments_come_last(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("space: robust-resnet\nseed: 4\nbudget: 9\n")
    options = {"flops": "1M:2M", "budget": 5, "eps": "1/10", "recipe": "fgsm-rs", "strategy": "random"}
    content, folder, source = merged(path, None, options, ["budget=6"])
    assert content == {
        "space": {"name": "robust-resnet", "flops": "1M:2M"},
        "seed": 4,
        "budget": 6,
        "strategy": "random",
        "evaluator": {"train": {"recipe": "fgsm-rs", "eps": "1/10"}},
    }
    assert (folder, source) == (tmp_path, str(path))


def test_another_space_drops_the_settings_of_the_presets_own() -> None:
    content, _, _ = merged(None, "digits", {"space": "wide-resnet-depths", "params": ":1M"}, [])
    assert content["space"] == {"name": "wide-resnet-depths", "params": ":1M"}
    same, _, _ = merged(None, "digits", {"space": "robust-resnet"}, [])
    assert "narrow" in same["space"]


def test_training_options_are_refused_where_nothing_is_trained(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("evaluator: {table: x.csv}\n")
    with pytest.raises(InputError, match="--data-dir is for evaluators that train"):
        merged(path, None, {"data_dir": Path()}, [])
