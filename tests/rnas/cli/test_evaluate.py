"""Accuracies of given weights: a run's own, and a file as another implementation names it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import rnas
from rnas import architecture as arch
from rnas.baseline import find
from rnas.data.cifar10 import FOLDER
from rnas.networks.residual import ResidualNetwork
from rnas.report.interval import proportion
from rnas.run import Run

Command = Callable[..., Any]

SEARCH = {
    "space": {"name": "robust-resnet", "base_channels": [4, 8, 16], "depths": [1], "widths": [1]},
    "evaluator": {
        "train": {
            "data": "digits",
            "split_seed": 3,
            "images": {"training": 600, "score": 40, "final": 120},
            "fidelity": {"epochs": 4, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "eps": "1/10",
            "evaluation": {"steps": 1},
        }
    },
    "strategy": "random",
    "budget": 1,
    "workers": 0,
}
SHORT = ("--attacks", "fgsm,pgd3,pgd3-margin", "--device", "cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One small network, trained on digits."""
    return rnas.search(SEARCH, run=tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="module")
def member(trained: Run) -> str:
    return f"{trained.directory.path}:{trained.complete[0].key}"


@pytest.fixture(scope="module")
def checkpoint(trained: Run) -> Path:
    path: Path = trained.directory.checkpoints / f"{trained.complete[0].key}.safetensors"
    return path


@pytest.fixture(scope="module")
def description(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained network as JSON, apart from its run."""
    path = tmp_path_factory.mktemp("networks") / "net.json"
    path.write_text(json.dumps(arch.to_dict(trained.complete[0].architecture)))
    return path


def measured(command: Command, *words: object) -> dict[str, Any]:
    result = command("evaluate", *words, "--json")
    assert result.code == 0, result.err
    content: dict[str, Any] = json.loads(result.out)
    return content


def refusal(command: Command, *words: object) -> str:
    result = command("evaluate", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("rnas: ")
    assert result.err.count("\n") == 1
    message: str = result.err
    return message


def test_a_members_own_weights_on_its_runs_final_part(command: Command, member: str, trained: Run) -> None:
    found = measured(command, member, *SHORT)
    record = trained.complete[0]
    # The images, and so the clean accuracy, are those of the run's own final scores.
    assert found["data"]["hash"] == record.evaluation.provenance["data"]["hash"]
    assert (found["data"]["images"], found["data"]["split_seed"], found["epsilon"]) == (120, 3, "1/10")
    assert found["clean"]["accuracy"] == pytest.approx(record.metrics["final_clean_accuracy"])
    assert found["clean"]["accuracy"] > 0.3

    accuracies = [attack["accuracy"] for attack in found["attacks"]]
    assert found["worst_case"]["accuracy"] <= min(accuracies) <= max(accuracies) <= found["clean"]["accuracy"]
    assert min(accuracies) < found["clean"]["accuracy"]
    for part in (found["clean"], found["worst_case"], *found["attacks"]):
        share = proportion(part["correct"] / 120, 120)
        assert (part["accuracy"], part["low"], part["high"]) == (share.value, share.low, share.high)

    keys = ("name", "steps", "step", "loss", "random_start")
    assert [tuple(attack[key] for key in keys) for attack in found["attacks"]] == [
        ("fgsm", 1, "1/10", "cross-entropy", False),
        ("pgd3", 3, "1/100", "cross-entropy", True),
        ("pgd3-margin", 3, "1/100", "margin", True),
    ]
    assert {"python", "torch", "rnas"} <= found["versions"].keys()
    assert found["device"].startswith("cpu")


def test_repeatable_whatever_the_batches_and_the_other_attacks(command: Command, member: str) -> None:
    first = measured(command, member, *SHORT, "--images", 50)
    assert measured(command, member, *SHORT, "--images", 50) == first
    alone = measured(command, member, "--attacks", "pgd3-margin", "--images", 50, "--batch-size", 16)
    assert alone["attacks"] == first["attacks"][2:]
    assert alone["worst_case"]["correct"] == alone["attacks"][0]["correct"]


def test_weights_apart_from_their_run_give_the_same(
    command: Command, member: str, checkpoint: Path, description: Path, tmp_path: Path
) -> None:
    expected = measured(command, member, *SHORT)
    assert measured(command, checkpoint, *SHORT) == {**expected, "network": str(checkpoint)}
    copy = tmp_path / "weights.pth"
    torch.save({"state_dict": load_file(checkpoint)}, copy)
    given = ("--weights", copy, "--data", "digits", "--images", 60)
    chosen = measured(command, description, *given, *SHORT)
    assert (chosen["epsilon"], chosen["data"]["split_seed"], chosen["data"]["images"]) == ("3/20", 0, 60)
    wider = measured(command, description, *given, *SHORT, "--eps", "0.3")
    assert wider["epsilon"] == "3/10"
    assert wider["clean"] == chosen["clean"]
    assert wider["worst_case"]["correct"] < chosen["worst_case"]["correct"]


def test_a_file_in_a_published_naming(command: Command, tmp_path: Path) -> None:
    name = "wrn-34-r-gamma-0.25"
    module = rnas.load(name, input_shape=(1, 8, 8))
    naming = next(names for names in find(name).weight_names if names.code == "HanxunH/RobustWRN")
    state = {f"module.{naming.original(ours)}": tensor for ours, tensor in module.state_dict().items()}
    assert "module.blocks.1.layer.0.convShortcut.weight" in state
    path = tmp_path / "released.pth"
    torch.save({"epoch": 1, "model_state_dict": state}, path)
    words = ("--weights", path, "--data", "digits", "--attacks", "fgsm", "--images", 10, "--device", "cpu")
    found = measured(command, name, *words)
    own = tmp_path / "own.safetensors"
    save_file(module.state_dict(), own)
    same = measured(command, name, "--weights", own, *words[2:])
    assert {**same, "weights": None} == {**found, "weights": None}


def test_logits_that_are_not_finite_are_wrong(
    command: Command, description: Path, checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "broken.safetensors"
    save_file({**load_file(checkpoint), "fc.bias": torch.full((10,), torch.nan)}, path)
    found = measured(command, description, "--weights", path, "--data", "digits", *SHORT, "--images", 30)
    assert found["clean"]["correct"] == found["worst_case"]["correct"] == 0


def test_published_test_images_beyond_the_default_part(command: Command, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / FOLDER).mkdir()
    for name, images in [*((f"data_batch_{number}", 401) for number in range(1, 6)), ("test_batch", 2002)]:
        batch = {
            "data": rng.integers(0, 256, (images, 3072), dtype=np.uint8),
            "labels": [n % 10 for n in range(images)],
        }
        (tmp_path / FOLDER / name).write_bytes(pickle.dumps(batch, protocol=2))
    network, weights = tmp_path / "net.json", tmp_path / "weights.safetensors"
    smallest = ResidualNetwork(depths=(1, 1, 1), channels=(1, 1, 1), stem_width=1)
    network.write_text(json.dumps(arch.to_dict(smallest)))
    save_file(rnas.load(network).state_dict(), weights)
    words = (network, "--weights", weights, "--data-dir", tmp_path, "--attacks", "fgsm", "--device", "cpu")
    found = measured(command, *words, "--images", 2001, "--eps", "0")
    assert (found["data"]["name"], found["data"]["images"], found["data"]["published_test_images"]) == (
        "cifar10",
        2001,
        True,
    )
    # In a ball of radius 0 nothing changes.
    assert found["worst_case"] == found["clean"]
    assert measured(command, *words, "--images", 10)["epsilon"] == "8/255"
    assert "cifar10 has 2002 to evaluate on" in refusal(command, *words, "--images", 2003)


def test_what_people_read(command: Command, member: str) -> None:
    result = command("evaluate", member, *SHORT, "--images", 20)
    assert result.code == 0
    progress = [line.split()[0] for line in result.err.splitlines()]
    assert progress == [f"{member}:", "fgsm", "pgd3", "pgd3-margin"]
    for words in ("clean", "worst case", "3 steps of 1/100 on the margin", "epsilon 1/10", "split seed 3", "cpu ("):
        assert words in " ".join(result.out.split())


@pytest.mark.parametrize("name", ["", "pgd", "pgd0", "pgd-5", "cw", "pgd20-cw", "fgsm,,pgd20"])
def test_unknown_attacks(command: Command, member: str, name: str) -> None:
    assert "known: fgsm, pgdN" in refusal(command, member, "--attacks", name)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "121"], "digits has 120 to evaluate on"),
        (["--images", "0"], "--images"),
        (["--batch-size", "0"], "--batch-size"),
        (["--eps", "8"], "write 8/255, not 8"),
        (["--device", "tpu"], "known: auto, cpu, cuda"),
        (["--data", "imagenet"], "unknown dataset 'imagenet'; known: "),
        (["--data", "cifar10"], "--data-dir"),
        (["--split-seed", "4"], "leave --split-seed out"),
        (["--weights", "nothing.pth"], "nothing.pth: cannot be read"),
    ],
)
def test_bad_options(command: Command, member: str, words: list[str], message: str) -> None:
    assert message in refusal(command, member, *words)


def test_no_weights_are_refused(command: Command, finished_run: Run, description: Path) -> None:
    for network in ("robust-resnet-a1", f"{finished_run.directory.path}:knee", description):
        assert "give --weights FILE" in refusal(command, network, "--data", "digits")


def test_weights_for_other_images_or_classes(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    words = ("resnet-18", "--weights", path, "--data", "digits")
    here = "built for digits, 1x8x8 images of 10 classes: give --data that the weights were made for"
    save_file(rnas.load("resnet-18").state_dict(), path)
    colour = refusal(command, *words)
    assert "(64, 3, 3, 3) instead of (64, 1, 3, 3)" in colour
    assert here in colour
    save_file(rnas.load("resnet-18", num_classes=100, input_shape=(1, 8, 8)).state_dict(), path)
    classes = refusal(command, *words)
    assert "made for 100 classes; the network was" in classes
    assert here in classes
