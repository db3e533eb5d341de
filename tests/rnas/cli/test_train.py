"""``rnas train`` and ``rnas resume`` of a training, as their user runs them."""

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import rnas
from rnas.cli.train import tensor_core_note
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.training import Training
from rnas.networks import architecture as arch
from rnas.networks.zoo import find
from rnas.statistics.proportions import proportion
from rnas.training.recipe import Recipe
from tests.launcher import COMMAND, Program, run
from tests.rnas.experiments.training.trainings import NETWORK, timeless, weights

Command = Callable[..., Any]


def load(path: str) -> TrainingResult:
    return Training.open(path).result()


DATA = ("--data", "digits", "--device", "cpu")
SHORT = (
    *DATA,
    *("--epochs", 3, "--batch-size", 40, "--images", 160, "--attacks", "fgsm,pgd3", "--set", "evaluation.steps=2"),
    *("--set", "images.val=40", "--set", "images.test=60"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a small network in it."""
    monkeypatch.chdir(tmp_path)
    Path("net.json").write_text(json.dumps(arch.to_dict(NETWORK)))
    return tmp_path


def done(result: Any) -> str:
    assert result.code == 0, result.err
    text: str = result.out
    return text


def refusal(result: Any, code: int = 2) -> str:
    assert (result.code, result.out) == (code, ""), result.err
    assert result.err.startswith("rnas: ")
    assert result.err.count("\n") == 1
    message: str = result.err
    return message


def test_what_people_read(command: Command, folder: Path) -> None:
    result = command("train", "net.json", "--recipe", "sat", *SHORT)
    out = done(result)
    path = Path("runs/train-net-sat-1")
    lines = result.err.splitlines()
    assert lines[0].startswith(f"{path}: net.json (")
    assert "3 epochs of 160 images of digits in batches of 40, epsilon 3/20, seed 0, on cpu" in lines[1]
    assert "chosen on 40 val images by the worst case of PGD-2 on the cross-entropy" in lines[2]
    epochs = [line for line in lines if "/3  loss " in line]
    assert [line.split("/")[0] for line in epochs] == ["1", "2", "3"]
    assert all("val" in line and "robust (epoch " in line for line in epochs)
    assert "left" in epochs[0]
    assert "left" not in epochs[2]
    table = [line.split()[0] for line in out.splitlines() if "%" in line and "(" in line]
    assert table == ["clean", "fgsm", "pgd3", "worst"]
    assert "60 images, epsilon 3/20" in out
    assert f"Weights: {path / 'best.safetensors'} and last.safetensors" in " ".join(out.split("\n"))

    done(command("train", "net.json", "--recipe", "sat", *SHORT))
    assert Path("runs/train-net-sat-2/result.json").is_file()


def test_json_is_the_summary_and_the_options_are_in_it(command: Command, folder: Path) -> None:
    words = ("--recipe", "trades", "--seed", 3, "--split-seed", 2, "--eps", "1/10", "--output", "here")
    words = (*words, "--set", "recipe.weight_decay=0", "--json")
    summary = json.loads(done(command("train", "net.json", *SHORT, *words)))
    assert summary == json.loads(Path("here/result.json").read_text())
    settings = summary["settings"]
    assert summary["recipe_changes"] == ["weight_decay"]
    assert (settings["seed"], settings["split_seed"], settings["eps"]) == (3, 2, "1/10")
    assert (settings["recipe"]["name"], settings["recipe"]["weight_decay"]) == ("trades", 0.0)
    assert settings["fidelity"]["epochs"] == 3
    assert settings["images"] == {"train": 160, "val": 40, "search_val": 0, "test": 60}
    for name in ("best", "last"):
        test = summary[name]["test"]
        for part in (test["clean"], test["worst_case"], *test["attacks"]):
            share = proportion(part["correct"] / 60, 60)
            assert (part["accuracy"], part["low"], part["high"]) == (share.value, share.low, share.high)


def test_python_and_the_command_line_train_the_same(command: Command, folder: Path) -> None:
    done(command("train", "net.json", "--recipe", "sat", *SHORT, "--output", "typed"))
    images = {"train": 160, "val": 40, "test": 60}
    called = rnas.train(
        "net.json",
        "sat",
        data="digits",
        epochs=3,
        batch_size=40,
        images=images,
        attacks=("fgsm", "pgd3"),
        evaluation={"steps": 2},
        device="cpu",
        output="called",
    )
    typed = load("typed")
    assert timeless(called.summary) == timeless(typed.summary)
    assert all(torch.equal(tensor, weights(typed)[name]) for name, tensor in weights(called).items())


def test_its_checkpoints_are_evaluated_on_the_images_that_it_did_not_see(command: Command, folder: Path) -> None:
    summary = json.loads(done(command("train", "net.json", "--recipe", "sat", *SHORT, "--split-seed", 1, "--json")))
    path = "runs/train-net-sat-1/best.safetensors"
    found = json.loads(done(command("evaluate", path, "--attacks", "fgsm,pgd3", "--device", "cpu", "--json")))
    assert found["data"]["hash"] == summary["data"]["hash"]
    assert found["clean"]["correct"] == summary["best"]["test"]["clean"]["correct"]
    result = command("evaluate", path, "--split-seed", 0)
    assert result.code == 2
    assert "some of the images would be ones that it was trained on" in result.err


def test_a_recipes_activation_is_told(command: Command, folder: Path) -> None:
    words = (*SHORT, "--recipe", "aat", "--set", "recipe.extra_fraction=0", "--epochs", 1, "--attacks", "fgsm")
    result = command("train", "net.json", *words, "--json")
    assert json.loads(done(result))["architecture"]["blocks"] == [{"activation": "silu"}]
    assert "recipe aat has activation silu, which takes the place of relu" in result.err
    result = command("train", "net.json", *words, "--set", "recipe.activation=null", "--json")
    assert "blocks" not in json.loads(done(result))["architecture"]
    assert "silu" not in result.err


def test_dry_run_prints_what_it_would_take_and_makes_nothing(command: Command, folder: Path) -> None:
    out = done(command("train", "net.json", "--recipe", "sat", *SHORT, "--dry-run"))
    for word in (
        "an epoch",
        "batch size 40",
        "each, for about 3",
        "val images after",
        "attacks on",
        "GiB",
        "in all",
        "on cpu",
    ):
        assert word in out
    found = json.loads(done(command("train", "net.json", "--recipe", "sat", *SHORT, "--dry-run", "--json")))
    assert found["seconds"] == pytest.approx(sum(work["count"] * work["seconds"] for work in found["work"]))
    assert found["work"][0]["memory_bytes"] > 0
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "none"], "unknown recipe 'none'; known: "),
        (["--recipe", "none.yaml"], "none.yaml: cannot be read"),
        (["--recipe", "rst"], "takes 50% of each batch from extra data: give a file of it as extra"),
        (["--recipe", "sat", "--extra", "missing.npz"], "recipe sat takes nothing from extra data"),
        (["--recipe", "rst", "--extra", "missing.npz"], "missing.npz: cannot be read"),
        (["--recipe", "sat", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["--recipe", "sat", "--images", "2000"], "images.train asks for 2000"),
        (["--recipe", "sat", "--output", "."], "exists already: choose another output"),
        (["--recipe", "sat", "--attacks", "luck"], "unknown attack 'luck'; known: "),
        (["--recipe", "sat", "--eps", "8"], "eps: epsilon 8 is above 1"),
        (["--recipe", "sat", "--data", "nothing"], "unknown dataset 'nothing'"),
        (["--recipe", "sat", "--data", "cifar10"], "needs --data-dir, the folder"),
        (["--recipe", "sat", "--device", "tpu"], "unknown device 'tpu'"),
        (["--recipe", "sat", "--set", "nonsense"], "write KEY=VALUE"),
        (["--recipe", "sat", "--set", "recipe.decay=1"], "train: recipe: decay: unknown key"),
        (["--recipe", "sat", "--set", "fidelity=3"], "fidelity"),
        ([], "Missing option '--recipe'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_makes_nothing(
    command: Command, folder: Path, words: list[str], message: str
) -> None:
    assert message in refusal(command("train", "net.json", *DATA, *words))
    assert sorted(path.name for path in folder.iterdir()) == ["net.json"]


def test_networks_that_are_not_there_or_cannot_run(command: Command, folder: Path) -> None:
    words = ("--recipe", "sat", *DATA)
    assert "unknown network 'house'" in refusal(command("train", "house", *words))
    assert "cannot halve 8x8 images" in refusal(command("train", "vgg-11-r", *words))
    assert not Path("runs").exists()


def test_a_loss_that_diverges_is_exit_code_1(command: Command, folder: Path) -> None:
    words = ("train", "net.json", "--recipe", "sat", *SHORT, "--set", "recipe.learning_rate=1e+38", "--output", "run")
    result = command(*words)
    assert (result.code, result.out) == (1, "")
    last = result.err.splitlines()[-1]
    assert last.startswith("rnas: diverged: the training loss is not finite in epoch 1; no epoch was completed; ")
    result = command("resume", "run")
    assert result.code == 1
    assert result.err.splitlines()[-1] == last


def test_resume_knows_a_training(command: Command, folder: Path) -> None:
    first = done(command("train", "net.json", "--recipe", "sat", *SHORT, "--output", "run"))
    assert done(command("resume", "run")) == first
    assert "budget: run is a training, and no field can grow" in refusal(command("resume", "run", "--budget", 9))
    Path("run/result.json").unlink()
    result = command("resume", "run", "--json")
    assert json.loads(done(result))["epochs_done"] == 3
    assert "3 of 3 epochs were done before" in result.err
    Path("run/result.json").unlink()
    state = Path("run/state.safetensors")
    state.write_bytes(state.read_bytes()[:500])
    assert "run/state.safetensors: damaged" in refusal(command("resume", "run"))
    assert "run is a training; for its network write run/best.safetensors" in refusal(
        command("train", "run", "--recipe", "sat", *DATA)
    )
    assert ". is not an experiment; it holds run" in refusal(command("resume", "."))


def test_a_published_network_trains_on_images_of_another_shape(command: Command, folder: Path) -> None:
    words = ("--epochs", 1, "--images", 8, "--batch-size", 4, "--attacks", "fgsm", "--set", "evaluation.steps=1")
    words = (*words, "--set", "images.val=2", "--set", "images.test=4", "--set", "recipe.inner_attack.steps=1")
    summary = json.loads(done(command("train", "WRN-34-R-gamma-0.25", "--recipe", "sat", *DATA, *words, "--json")))
    assert summary["architecture"] == arch.to_dict(find("wrn-34-r-gamma-0.25").network)
    assert summary["data"]["input_shape"] == [1, 8, 8]
    assert Path("runs/train-wrn-34-r-gamma-0.25-sat-1").is_dir()


LONG = (
    *("train", "net.json", "--recipe", "sat", *DATA, "--epochs", "12", "--batch-size", "64", "--attacks", "fgsm"),
    *("--images", "512", "--set", "images.val=40", "--set", "images.test=60", "--set", "evaluation.steps=2"),
    *("--set", "recipe.inner_attack.steps=4", "--set", "recipe.averaging={name: ema, decay: 0.99}"),
)


@pytest.mark.slow
def test_killed_at_random_instants_and_resumed(folder: Path) -> None:
    began = time.monotonic()
    run(COMMAND, *LONG, "--output", "whole")
    took, instants = time.monotonic() - began, random.Random(0)
    words: tuple[object, ...] = (*LONG, "--output", "killed")
    for _ in range(2):
        training = Program(COMMAND, *words)
        # From the first line on the directory is there; instants fall on steps, evaluation and writing.
        assert training.stderr.readline(), "it ended before it began"
        time.sleep(took * instants.uniform(0.02, 0.2))
        training.kill()
        assert training.returncode == -signal.SIGKILL, "it ended before it was killed: make the training longer"
        words = ("resume", "killed")
    run(COMMAND, "resume", "killed")
    killed, whole = load("killed"), load("whole")
    assert timeless(killed.history) == timeless(whole.history)
    assert timeless(killed.summary) == timeless(whole.summary)
    assert [name for name, tensor in weights(killed).items() if not torch.equal(tensor, weights(whole)[name])] == []


@pytest.mark.slow
def test_interrupted_it_says_how_to_resume(folder: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        path = f"run {number:d}"
        training = Program(COMMAND, *LONG, "--output", path)
        while "/12  loss " not in training.stderr.readline():
            pass
        training.send_signal(number)
        _, rest = training.communicate()
        assert training.returncode == 130
        last = rest.strip().splitlines()[-1]
        assert last.startswith("interrupted; ")
        assert last.endswith(f"rnas resume '{path}'")
        assert "Traceback" not in rest
        assert len(load(path).history) >= 1


@pytest.mark.parametrize(
    ("device", "numerics", "is_told"),
    [
        ("cuda", {}, True),
        ("cuda:1", {"cuda_graphs": True}, True),
        ("cuda", {"precision": "bfloat16"}, False),
        ("cuda", {"tf32": True}, False),
        ("cpu", {}, False),
    ],
)
def test_a_gpu_without_its_tensor_cores_is_one_line(device: str, numerics: dict[str, Any], is_told: bool) -> None:
    recipe = Recipe.resolve({"name": "sat", "numerics": numerics})
    note = tensor_core_note(device, recipe, "evaluator.train.recipe")
    assert ("--set evaluator.train.recipe.numerics.precision=bfloat16" in note) == is_told
    assert bool(note) == is_told
    assert "\n" not in note
