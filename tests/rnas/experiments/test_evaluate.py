"""Evaluations from Python: any module, data and attacks as objects."""

import json
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import rnas
from rnas import registry
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.data.dataset import Dataset
from rnas.data.loading import load_dataset
from rnas.errors import DeviceLostError, InputError
from rnas.evaluation._image_flags import unpack
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.experiment import Listener
from rnas.experiments.training.training import Training
from rnas.exports.network import find_network
from rnas.networks import architecture as arch
from rnas.utils import _devices as devices
from rnas.utils._json_files import read_json
from tests.arithmetic import FLOAT32, Recording
from tests.rnas.experiments.training.trainings import NETWORK, trained

SHORT: dict[str, Any] = {"data": "digits", "images": 100, "batch_size": 64, "device": "cpu"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a network that is right on most images and robust on some."""
    folder = tmp_path_factory.mktemp("trainings") / "training"
    images = {"train": 800, "val": 450, "test": 450}
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


DIVISION = {"images": {"train": 900, "val": 40, "test": 300}, "split_seed": 5}
FORMS = {"safetensors": "net.safetensors", "standalone": "net.py", "hugging-face": "net", "copy": "copy.safetensors"}


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training with a division of its own, and exports of its weights."""
    folder: Path = tmp_path_factory.mktemp("divided")
    last = trained(folder / "t", epochs=1, batch_size=300, **DIVISION).path / "last.safetensors"
    network = find_network(last)
    for name, file in FORMS.items():
        if name == "copy":
            shutil.copy(last, folder / file)
            continue
        chosen, target = registry.load(registry.EXPORTS, name), folder / file
        if not chosen.suffix:
            target.mkdir()
        chosen.write(network, target)
    (folder / "network.json").write_text(json.dumps(arch.to_dict(NETWORK)))
    return folder


def quick(network: Any, **changes: Any) -> EvaluationResult:
    return rnas.evaluate(network, attacks=("fgsm",), flags=False, device="cpu", **changes)


@pytest.mark.parametrize(
    ("file", "weights"),
    [
        ("t/last.safetensors", None),
        *((file, None) for file in FORMS.values()),
        ("network.json", "t/last.safetensors"),
        ("network.json", "net.safetensors"),
        ("network.json", "net.pt"),
    ],
)
def test_weights_keep_the_division_of_their_training(divided: Path, file: str, weights: str | None) -> None:
    setup = Training.open(divided / "t").setup
    own = {} if weights is None else {"weights": divided / weights, "data": "digits"}
    found = quick(divided / file, **own)
    assert found.data.ids == tuple(setup.splits["test"].ids.tolist())
    assert (found.data.split_seed, found.data.images, found.weights.notes) == (5, 300, ())
    assert found.data.classes == tuple("0123456789")
    with pytest.raises(InputError, match="split_seed 0: the run divided digits by seed 5"):
        quick(divided / file, split_seed=0, **own)


def test_a_result_is_written_also_for_a_file_whose_name_is_no_text(divided: Path, tmp_path: Path) -> None:
    named = tmp_path / "n\udcff.json"
    named.write_bytes((divided / "network.json").read_bytes())
    weights = divided / "t" / "last.safetensors"
    found = quick(named, weights=weights, data="digits", split_seed=5, output=tmp_path / "out", images=20)
    (written,) = (tmp_path / "out").glob("*.json")
    assert read_json(written)["network"] == found.network == str(named)


def test_test_images_that_were_trained_on_are_refused(divided: Path) -> None:
    digits = load_dataset("digits", None)
    with pytest.raises(InputError, match=r"was trained on \d+ of the 450 images of digits that are test images here"):
        quick(divided / "net.safetensors", data=replace(digits, num_test_images=450))


def test_what_is_not_known_of_the_training_is_said(divided: Path, module: nn.Module) -> None:
    bare = divided / "bare.pth"
    torch.save(load_file(divided / "t" / "last.safetensors"), bare)
    notes = quick(divided / "network.json", weights=bare, data="digits", images=20).weights.notes
    assert [note.split(":")[0] for note in notes] == [
        "The file of the weights does not say all of its network",
        "It is not known which images these weights were trained on",
        "It is not known which classes these weights have",
    ]
    found = quick(module, data="digits", images=20)
    assert found.weights.notes == notes[1:]
    assert found.note.endswith(" ".join(notes[1:]))
    digits = load_dataset("digits", None)
    other = replace(digits, name="scans", pixels=digits.pixels.flip(3))
    (note,) = quick(divided / "net.safetensors", data=other, images=20).weights.notes
    unnamed = quick(divided / "net.safetensors", data=replace(other, classes=()), images=20).weights.notes
    assert unnamed == ("scans does not name its classes: they are taken to be 0, 1, 2, 3, 4, 5, 6, 7, ....", note)
    assert note.startswith("These weights were trained on digits: it is not known whether some of the evaluated images")


def test_untrained_weights_are_called_so(tmp_path: Path) -> None:
    network = find_network(NETWORK, num_classes=10, input_shape=(1, 8, 8))
    registry.load(registry.EXPORTS, "safetensors").write(network, tmp_path / "net.safetensors")
    found = quick(tmp_path / "net.safetensors", data="digits", images=20)
    assert found.weights.notes == ("These weights are untrained: they were drawn from a seed.",)


def fill(folder: Path, classes: str, images: int, first: int = 0) -> Path:
    """A folder of random 8x8 images, the same for a class in any folder."""
    for number, name in enumerate(classes.split()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for image in range(first, first + images):
            pixels = np.random.default_rng((number, image)).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{image:03}.png")
    return folder


@pytest.fixture
def on_folder(tmp_path: Path) -> Path:
    """Weights that were trained on images of ants and bees in tmp_path/a."""
    images = fill(tmp_path / "a", "ant bee", 20)
    sizes = {"train": 24, "val": 4, "test": 8}
    run = trained(tmp_path / "t", data="folder", data_dir=images, images=sizes, epochs=1, batch_size=12)
    return run.path / "last.safetensors"


def test_images_that_changed_since_the_training_are_refused(on_folder: Path, tmp_path: Path) -> None:
    assert quick(on_folder).weights.notes == ()
    network = find_network(on_folder)
    registry.load(registry.EXPORTS, "safetensors").write(network, tmp_path / "x.safetensors")
    fill(tmp_path / "a", "ant", 10, first=20)
    other = fill(tmp_path / "b", "ant bee", 30)
    for words, data_dir in ((on_folder, None), (on_folder, other), (tmp_path / "x.safetensors", tmp_path / "a")):
        with pytest.raises(InputError, match="the images of folder are not those that it was trained on") as error:
            quick(words, data_dir=data_dir)
        assert "\n" not in str(error.value)
    # Test images that are apart from all training images can be evaluated.
    held_out = tmp_path / "c"
    fill(held_out / "train", "ant bee", 4)
    fill(held_out / "test", "ant bee", 4, first=50)
    (note,) = quick(on_folder, data_dir=held_out).weights.notes
    assert note == "These weights were trained on other images than those of folder here (folder)."


@pytest.mark.parametrize("classes", ["bee zant", "ann bee"])
def test_classes_of_other_names_are_refused(on_folder: Path, tmp_path: Path, classes: str) -> None:
    other = fill(tmp_path / "b", classes, 20)
    for words in (on_folder, shutil.copy(on_folder, tmp_path / "copy.safetensors")):
        with pytest.raises(
            InputError, match=r"was trained on the classes ant, bee, and folder has \w+, \w+: its logits"
        ):
            quick(words, data_dir=other)


def test_exports_name_the_classes_in_the_order_of_the_logits(on_folder: Path, tmp_path: Path) -> None:
    network = find_network(on_folder)
    assert network.classes == ("ant", "bee")
    for name, file in (("hugging-face", "hf"), ("standalone", "net.py")):
        chosen = registry.load(registry.EXPORTS, name)
        if not chosen.suffix:
            (tmp_path / file).mkdir()
        chosen.write(network, tmp_path / file)
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert config["id2label"] == {"0": "ant", "1": "bee"}
    assert config["label2id"] == {"ant": 0, "bee": 1}
    assert "The logits are in this order: ant, bee." in (tmp_path / "hf" / "README.md").read_text()
    assert 'CLASSES = (\n    "ant",\n    "bee",\n)' in (tmp_path / "net.py").read_text()
    assert find_network(tmp_path / "net.py").classes == ("ant", "bee")


def test_an_attack_may_be_transferred_from_weights_that_saw_the_images(divided: Path, checkpoint: Path) -> None:
    found = quick(checkpoint, transfer=(divided / "net.safetensors",), images=20)
    assert [attack.name for attack in found.attacks] == ["fgsm", f"pgd20 from {divided / 'net.safetensors'}"]


def test_an_evaluation_is_in_float32_whatever_the_program_has_set(module: nn.Module, fresh_switches: None) -> None:
    torch.backends.fp32_precision = "tf32"
    recording = Recording(module)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = rnas.evaluate(recording, attacks=["fgsm"], **{**SHORT, "images": 10}, flags=False)
    assert recording.seen == {FLOAT32}
    assert result.precision == "float32, TensorFloat-32 off"


def test_a_lost_gpu_ends_it_with_how_to_continue(
    module: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"attacks": ("fgsm", "pgd2"), "flags": False, **SHORT}
    expected = numbers(rnas.evaluate(module, output=tmp_path / "clean", **given))
    error = torch.AcceleratorError("CUDA error: device-side assert triggered")
    is_lost: list[bool] = []

    def use(_device: str) -> None:
        if is_lost:
            raise error

    class Losing(Listener):
        """Lose the device as the first attack ends."""

        def recorded(self, record: Any) -> None:
            if record.share > 0.5:
                is_lost.append(True)
                raise error

    monkeypatch.setattr(devices, "CONTEXTS", {"cpu": use})
    path = tmp_path / "run"
    with pytest.raises(DeviceLostError, match=rf"assert triggered\); run the same again, .*{path}.* in a new process"):
        rnas.evaluate(module, output=path, listener=Losing(), **given)
    is_lost.clear()
    assert numbers(rnas.evaluate(module, output=path, **given)) == expected
