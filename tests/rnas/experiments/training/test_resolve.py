"""How the settings of a training are resolved, and how wrong words are refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import rnas
from rnas.data.dataset import divide
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.experiments._references import Reference, resolve
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks.zoo import find
from tests.rnas.experiments.training.trainings import NETWORK

SEARCH = {
    "space": {"name": "robust-resnet", "base_channels": [4, 8, 16], "depths": [1], "widths": [1]},
    "evaluator": {
        "train": {
            "data": "digits",
            "split_seed": 3,
            "images": {"train": 64, "search_val": 50, "test": 100},
            "fidelity": {"epochs": 1, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "eps": "1/10",
            "evaluation": {"steps": 1},
        }
    },
    "strategy": "random",
    "budget": 1,
    "workers": 0,
}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return rnas.search(SEARCH, output=tmp_path_factory.mktemp("runs") / "search")


def resolved(given: dict[str, Any], reference: Reference | None = None) -> TrainingRunSettings:
    reference = reference or Reference("net", NETWORK)
    return resolve_settings(reference, {"data": "digits", "device": "cpu", "recipe": "trades", **given})


def test_a_recipe_is_as_long_as_published_and_a_tenth_of_training_is_held_out() -> None:
    settings = resolved({})
    assert (settings.fidelity.epochs, settings.fidelity.batch_size) == (76, 128)
    assert settings.fidelity.attack_steps is None
    assert (settings.images.train, settings.images.val, settings.images.search_val, settings.images.test) == (
        None,
        134,
        0,
        450,
    )
    assert (settings.evaluation.steps, settings.seed, str(settings.eps)) == (10, 0, "3/20")
    assert settings.attacks == ("fgsm", "pgd20", "pgd20-margin")


def test_large_data_hold_out_1024_images_and_are_judged_on_all_test_images(cifar10_folder: Path) -> None:
    settings = resolve_settings(Reference("net", NETWORK), {"data_dir": cifar10_folder, "device": "cpu"})
    assert (settings.data, settings.data_dir) == ("cifar10", cifar10_folder)
    assert (settings.images.val, settings.images.test) == (1024, 150)
    splits = divide(load_dataset("cifar10", cifar10_folder), settings.images, 0)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 11_000 - 1024,
        "val": 1024,
        "search_val": 0,
        "test": 150,
    }


def test_what_is_given_goes_before_defaults() -> None:
    given = {
        "recipe": {"name": "sat", "weight_decay": 0.0},
        "fidelity": {"epochs": 3},
        "images": {"val": 10},
        "evaluation": {"batch_size": 7},
        "eps": "0.1",
        "seed": 4,
        "attacks": ["PGD5", "pgd5", " fgsm"],
    }
    settings = resolved(given)
    assert (settings.recipe.name, settings.recipe.weight_decay) == ("sat", 0.0)
    assert (settings.fidelity.epochs, settings.fidelity.batch_size) == (3, 128)
    assert (settings.images.val, settings.images.test) == (10, 450)
    assert (settings.evaluation.batch_size, settings.evaluation.steps) == (7, 10)
    assert (str(settings.eps), settings.seed, settings.attacks) == ("1/10", 4, ("pgd5", "fgsm"))


def test_a_number_of_images_is_that_of_the_train_split() -> None:
    assert (resolved({"images": 64}).images.train, resolved({"images": 64}).images.val) == (64, resolved({}).images.val)


def test_settings_read_back_from_yaml_as_they_were() -> None:
    settings = resolved({"recipe": "aat", "extra": "extra.npz", "seed": 3})
    again = TrainingRunSettings.model_validate(yaml.safe_load(yaml.safe_dump(settings.model_dump(mode="json"))))
    assert again == settings
    assert again.fingerprint == settings.fingerprint
    assert settings.extra == Path("extra.npz").resolve()


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"seed": 1}, False),
        ({"eps": "1/5"}, False),
        ({"recipe": {"name": "trades", "weight_decay": 0}}, False),
        ({"evaluation": {"steps": 3}}, False),
        ({"evaluation": {"batch_size": 3}}, True),
        ({"extra": "elsewhere.npz"}, True),
    ],
)
def test_the_fingerprint_is_of_what_decides_the_result(change: dict[str, Any], same: bool) -> None:
    assert (resolved(change).fingerprint == resolved({}).fingerprint) is same


def test_the_activation_of_a_recipe_is_that_of_the_network() -> None:
    settings = resolved({"recipe": "aat"})
    network = arch.from_dict(settings.architecture)
    assert [block.activation for block in network.blocks] == ["silu"]
    kept = resolved({"recipe": {"name": "aat", "activation": None}})
    assert arch.from_dict(kept.architecture) == NETWORK


def test_a_member_of_a_search_is_judged_on_the_images_that_nothing_was_chosen_by(search: SearchResult) -> None:
    reference = resolve(f"{search.path}:{search.records[0].key}")
    settings = resolve_settings(reference, {"device": "cpu"})
    assert (settings.data, settings.split_seed, str(settings.eps)) == ("digits", 3, "1/10")
    digits = load_dataset("digits", None)
    own = divide(digits, SEARCH_SPLITS := reference.training.images, 3)
    splits = divide(digits, settings.images, settings.split_seed)
    assert SEARCH_SPLITS.search_val == 50
    assert torch.equal(splits["test"].ids, own["test"].ids)
    assert torch.equal(splits["val"].ids, own["search_val"].ids)
    assert len(splits["train"]) == 1797 - 150

    for given in ({"split_seed": 0}, {"images": {"val": 20}}):
        with pytest.raises(InputError, match=r"the test split would hold images that .* was chosen by"):
            resolve_settings(reference, {"device": "cpu", **given})
    # More held-out images only move the test split further from them.
    assert resolve_settings(reference, {"images": {"val": 60}}).images.val == 60


def test_data_of_its_own_are_divided_as_usual(search: SearchResult, cifar10_folder: Path) -> None:
    reference = resolve(f"{search.path}:knee")
    settings = resolve_settings(reference, {"data": "cifar10", "data_dir": cifar10_folder, "device": "cpu"})
    assert (str(settings.eps), settings.split_seed, settings.images.val) == ("8/255", 0, 1024)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recipe": "none"}, "unknown recipe 'none'; known: "),
        ({"recipe": {"name": "sat", "lr": 1}}, "train: recipe: lr: unknown key"),
        ({"recipe": 3}, "3 is not a recipe"),
        (
            {"recipe": {"name": "aat", "activation": "tanh"}},
            "train: recipe: unknown activation 'tanh'; known: relu",
        ),
        ({"data": "nothing"}, "unknown dataset 'nothing'; known: "),
        ({"eps": 8}, "train: eps: epsilon 8 is above 1"),
        ({"fidelity": {"epochs": 0}}, "train: fidelity.epochs: input should be greater than 0, not 0"),
        ({"fidelity": {"epoch": 1}}, "train: fidelity.epoch: unknown key"),
        ({"images": {"val": 0}}, "train: images.val: input should be greater than 0, not 0"),
        ({"images": {"tests": 3}}, "train: images.tests: unknown key"),
        ({"attacks": []}, "train: attacks: "),
        ({"attacks": ["pgd"]}, "unknown attack 'pgd'; known: "),
        ({"seed": -1}, "train: seed: input should be greater than or equal to 0, not -1"),
        ({"device": "tpu"}, "unknown device 'tpu'; known: auto, cpu, cuda"),
        ({"architecture": {}}, "train: architecture: unknown key"),
        ({"evaluation": {"diagnostics": ["density"]}}, "diagnostics are measured in a search; leave them out"),
        ({"epoch": 3}, "train: epoch: unknown key"),
        ({"epochs": 0}, "train: fidelity.epochs: input should be greater than 0, not 0"),
    ],
)
def test_a_wrong_setting_is_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        resolved(given)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_published_networks_take_their_shape_from_the_data() -> None:
    reference = resolve("wrn-34-r-gamma-0.25")
    assert resolved({}, reference).architecture == arch.to_dict(find("wrn-34-r-gamma-0.25").network)
