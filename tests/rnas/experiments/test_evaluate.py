"""Evaluations from Python: any module, data and attacks as objects."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import rnas
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.data.dataset import Dataset
from rnas.errors import InputError
from rnas.evaluation._image_flags import unpack
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.training_settings import load_dataset
from rnas.networks import architecture as arch
from tests.rnas.experiments.training.trainings import NETWORK, trained

SHORT: dict[str, Any] = {"data": "digits", "images": 100, "batch_size": 64, "device": "cpu"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a network that is right on most images and robust on some."""
    folder = tmp_path_factory.mktemp("trainings") / "training"
    images = {"train": 800, "val": 40, "test": 450}
    trained(folder, images=images, epochs=6, eps="1/20")
    return folder / "best.safetensors"


@pytest.fixture(scope="module")
def module(checkpoint: Path) -> nn.Module:
    return rnas.load(checkpoint)


def rights(result: EvaluationResult) -> dict[str, str]:
    """Which images are right, by kind of accuracy."""
    return {name: own.right for name, own in result.accuracies.items()}


def numbers(result: EvaluationResult) -> dict[str, Any]:
    """All that does not say where the network came from, or how long it took."""
    content = json.loads(json.dumps(result.to_dict()))
    for key in ("name", "network", "architecture", "architecture_key", "flops", "weights", "request"):
        del content[key]
    for attack in content["attacks"]:
        for part in (attack, *attack["members"]):
            del part["cost"]["seconds"]
    return dict(content)


def test_names_architectures_and_modules_are_one_network(module: nn.Module, checkpoint: Path) -> None:
    given = {**SHORT, "attacks": ("pgd3",), "flags": False, "eps": "1/20"}
    by_module = rnas.evaluate(module, **given)
    by_architecture = rnas.evaluate(NETWORK, weights=checkpoint, **given)
    assert rights(by_architecture) == rights(by_module)
    assert by_architecture.architecture_key == arch.key(NETWORK)
    by_name = rnas.evaluate(checkpoint, **given)
    assert (by_name.network, by_name.data.images) == (str(checkpoint), 100)


def test_data_and_attacks_may_be_objects(module: nn.Module) -> None:
    epsilon = Fraction(1, 20)
    attack = named_attack("pgd3", epsilon)
    given = {**SHORT, "flags": False}
    named = rnas.evaluate(module, attacks=("pgd3",), eps="1/20", **given)
    dataset: Dataset = load_dataset("digits", None)
    made = rnas.evaluate(module, attacks=(attack,), **{**given, "data": dataset})
    (own,) = made.attacks
    assert (own.right, own.settings) == (named.attacks[0].right, named.attacks[0].settings)
    assert (own.name, [threat.epsilon for threat in made.threats]) == ("PGD", ["1/20"])
    # Each attack is run for the ball that it has, names for every ball that is asked for.
    other = PGD(Fraction(1, 2), 3, norm="l2")
    both = rnas.evaluate(module, attacks=("fgsm", attack, other, attack), threats=("linf:1/20",), **given)
    found = [(one.threat, one.name) for one in both.attacks]
    assert found == [("linf:1/20", "fgsm"), ("linf:1/20", "PGD"), ("l2:1/2", "PGD"), ("linf:1/20", "PGD-2")]
    clean = unpack(both.clean.right, 100)
    everything = torch.stack([unpack(one.right, 100) for one in both.attacks]).all(0) & clean
    assert torch.equal(unpack(both.worst_case.right, 100), everything)


def test_a_module_is_left_as_it_was(module: nn.Module) -> None:
    module.train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    random = torch.get_rng_state()
    rnas.evaluate(module, attacks=("fgsm",), flags=False, **SHORT)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    module.eval()


def test_it_resumes_from_its_folder_and_knows_another_module(module: nn.Module, tmp_path: Path) -> None:
    given = {**SHORT, "attacks": ("pgd3",), "flags": False, "output": tmp_path, "name": "mine"}
    first = rnas.evaluate(module, **given)
    assert json.loads((tmp_path / "mine.json").read_text())["clean"] == first.to_dict()["clean"]
    assert numbers(rnas.evaluate(module, **given)) == numbers(first)
    with pytest.raises(InputError, match="the state of another evaluation: its weights is"):
        rnas.evaluate(NETWORK.build(10, (1, 8, 8)), **given)


def test_attacks_are_transferred_from_modules(module: nn.Module) -> None:
    other = NETWORK.build(10, (1, 8, 8))
    result = rnas.evaluate(module, attacks=("fgsm",), transfer=(other,), flags=False, **SHORT)
    assert [attack.name for attack in result.attacks] == ["fgsm", f"pgd20 from {type(other).__name__}"]


@dataclass(frozen=True)
class Nothing:
    """It is no attack."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attacks": ()}, "attacks: give at least one"),
        ({"attacks": (Nothing(),)}, "is no attack: give a name, or a frozen dataclass with epsilon and norm"),
        ({"attacks": ("luck",)}, "unknown attack 'luck'"),
        ({"images": 0}, "evaluate: images: input should be greater than 0, not 0"),
        ({"eps": "1/20", "threats": ("l2:0.5",)}, "leave eps out"),
        ({"weights": "net.safetensors"}, "a module has weights of its own"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"data": "nothing"}, "unknown dataset 'nothing'"),
        ({"threats": ("l1:1",), "attacks": (PGD(Fraction(1, 20), 3),)}, "threat l1:1 has no attack"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(module: nn.Module, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        rnas.evaluate(module, **{**SHORT, **changes})
    assert "--" not in str(caught.value)


def test_a_module_for_other_images_or_classes_is_told() -> None:
    with pytest.raises(InputError, match=r"network Linear does not take 1x8x8 images of 10 classes of digits"):
        rnas.evaluate(nn.Linear(3, 10), **SHORT)
    three = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    with pytest.raises(InputError, match=r"network Sequential gives \(1, 3\) for an image of digits; .* \(1, 10\)"):
        rnas.evaluate(three, **SHORT)
