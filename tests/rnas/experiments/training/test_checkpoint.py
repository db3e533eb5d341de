import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import rnas
from rnas.errors import InputError
from rnas.experiments.training.checkpoint import Checkpoint
from rnas.experiments.training.result import TrainingResult
from rnas.utils.files import file_hash
from tests.rnas.experiments.training.trainings import NETWORK


@pytest.fixture
def copy(finished: TrainingResult, tmp_path: Path) -> Path:
    """Return the best weights and the files next to them, without their training."""
    for suffix in (".safetensors", ".json"):
        shutil.copy(finished.best.path.with_suffix(suffix), tmp_path)
    return tmp_path / "best.safetensors"


def test_the_description_of_the_weights(finished: TrainingResult) -> None:
    content = json.loads((finished.path / "last.json").read_text())
    assert (content["schema_version"], content["epoch"]) == (1, 3)
    assert (content["input_shape"], content["num_classes"]) == ([1, 8, 8], 10)
    assert content["sha256"] == file_hash(finished.last.path)
    last = finished.history[-1]
    assert content["val"] == {
        metric: last[f"val_{metric}"] for metric in ("clean_accuracy", "robust_accuracy", "robust_margin")
    }
    assert content["settings"]["recipe"]["name"] == "sat"
    assert content["provenance"]["recipe_hash"] == finished.settings.recipe_hash
    assert content["provenance"]["data"]["hash"] == finished.summary["data"]["hash"]
    assert {"versions", "device"} <= content["provenance"].keys()


def test_it_reads_back_anywhere(copy: Path, finished: TrainingResult) -> None:
    found = Checkpoint.read(copy)
    assert (found.architecture, found.settings, found.epoch) == (NETWORK, finished.settings, finished.best.epoch)
    assert found.to_dict() == finished.best.to_dict()


def test_its_weights_are_those_that_were_judged(finished: TrainingResult) -> None:
    module = rnas.load(finished.best.path)
    weights = load_file(finished.best.path)
    assert module.state_dict().keys() == weights.keys()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in module.state_dict().items())
    assert not module.training


def test_other_weights_are_told_by_their_hash(copy: Path) -> None:
    weights = load_file(copy)
    save_file({**weights, "fc.bias": weights["fc.bias"] + 1}, copy)
    for read in (Checkpoint.read, rnas.load):
        with pytest.raises(InputError, match=r"its sha256 is .*, and best.json is of weights whose sha256 is .*copy$"):
            read(copy)


def test_in_a_training_that_was_stopped_they_are_made_again(finished: TrainingResult, tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    shutil.copytree(finished.path, folder)
    (folder / "result.json").unlink()
    (folder / "best.safetensors").write_bytes(b"half of it")
    with pytest.raises(InputError, match=rf"makes both again: rnas resume {folder}"):
        Checkpoint.read(folder / "best.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("sha256"), "does not describe a checkpoint .KeyError 'sha256'"),
        (lambda content: content.pop("settings"), "does not describe a checkpoint .KeyError 'settings'"),
        (lambda content: content["settings"].update(eps=9), "best.json: settings: eps: epsilon 9 is above 1"),
        (lambda content: content.update(input_shape=[1, 8]), "does not describe a checkpoint"),
        (lambda content: content.update(architecture={"kind": "house"}), "unknown architecture 'house'"),
        (lambda content: content.update(val=3), "does not describe a checkpoint"),
    ],
)
def test_a_damaged_description(copy: Path, change, message: str) -> None:
    description = copy.with_suffix(".json")
    content = json.loads(description.read_text())
    change(content)
    description.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message) as error:
        Checkpoint.read(copy)
    assert "\n" not in str(error.value)


def test_missing_files(copy: Path) -> None:
    copy.with_suffix(".json").write_text("{")
    with pytest.raises(InputError, match=r"best\.json: not valid JSON .*; it belongs to best\.safetensors$"):
        Checkpoint.read(copy)
    copy.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"best\.json: cannot be read .*; it belongs to best\.safetensors$"):
        Checkpoint.read(copy)
    copy.unlink()
    with pytest.raises(InputError, match=r"no such file"):
        Checkpoint.read(copy)
