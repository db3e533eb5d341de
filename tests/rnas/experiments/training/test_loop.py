"""Training, stopping anywhere, going on, and what is written at the end."""

import json
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from rnas.errors import DeviceLostError, InputError
from rnas.experiment import Listener, resume
from rnas.experiments.training._history import to_csv
from rnas.experiments.training._summary import checked_summary
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.training import Training
from rnas.training.recipe import Recipe
from rnas.utils import _devices as devices
from rnas.utils import files
from tests.rnas.experiments.training.trainings import timeless, trained, weights


class Stopped(BaseException):
    """Stands for a kill: nothing but the end of blocks runs after it."""


class Stopping(Listener):
    """Stops a training at a step."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def progress(self, shares: Mapping[str, float]) -> None:
        self.steps -= any(label.startswith("epoch") for label in shares)
        if not self.steps:
            raise Stopped


def essence(run: TrainingResult) -> Any:
    return timeless([run.history, run.summary, run.best.to_dict(), run.last.to_dict()])


def assert_equal(found: TrainingResult, expected: TrainingResult) -> None:
    assert essence(found) == essence(expected)
    one, other = weights(found), weights(expected)
    assert one.keys() == other.keys()
    assert [name for name, tensor in one.items() if not torch.equal(tensor, other[name])] == []


def test_what_a_training_leaves(finished: TrainingResult) -> None:
    path = finished.path
    assert sorted(file.name for file in path.iterdir()) == [
        "architecture.json",
        "best.json",
        "best.safetensors",
        "config.yaml",
        "history.csv",
        "inputs.json",
        "last.json",
        "last.safetensors",
        "lock",
        "report.html",
        "result.json",
        "state.safetensors",
    ]
    assert [row["epoch"] for row in finished.history] == [1, 2, 3]
    assert (path / "history.csv").read_text() == to_csv(finished.history)
    best = max(finished.history, key=lambda row: (row["val_robust_accuracy"], row["val_clean_accuracy"]))
    assert finished.best.epoch == best["epoch"]
    assert (finished.last.epoch, finished.summary["epochs_done"]) == (3, 3)


def test_the_summary_says_what_decided_it(finished: TrainingResult) -> None:
    summary = finished.summary
    assert (summary["status"], summary["reason"], summary["recipe"], summary["seed"]) == ("complete", "", "sat", 0)
    assert summary["recipe_hash"] == finished.settings.recipe_hash
    assert summary["data"]["images"] == {"train": 120, "val": 40, "search_val": 0, "test": 60}
    assert summary["data"]["extra"] is None
    assert summary["val"]["attack"] == "worst case of PGD-2 on the cross-entropy and PGD-2 on the margin"
    assert summary["val"]["images"] == 40
    assert [attack["attack"] for attack in summary["evaluation"]["attacks"]] == ["fgsm"]
    assert {"train", "val", "test"} == summary["seconds"].keys()
    assert {"versions", "device", "params", "flops", "key", "settings"} <= summary.keys()
    for name, checkpoint in (("best", finished.best), ("last", finished.last)):
        assert (summary[name]["epoch"], summary[name]["sha256"]) == (checkpoint.epoch, checkpoint.sha256)
        test = summary[name]["test"]
        assert test["worst_case"]["correct"] <= test["attacks"][0]["correct"] <= test["clean"]["correct"] <= 60
        assert test["clean"]["low"] < test["clean"]["accuracy"] < test["clean"]["high"]


@pytest.mark.parametrize("steps", [1, 3, 4, 8, 9])
def test_stopped_at_a_step_and_resumed(finished: TrainingResult, tmp_path: Path, steps: int) -> None:
    with pytest.raises(Stopped):
        trained(tmp_path / "run", listener=Stopping(steps))
    assert_equal(resume(tmp_path / "run"), finished)


FILES = (
    "state.safetensors",
    "best.safetensors",
    "best.json",
    "last.safetensors",
    "last.json",
    "history.csv",
    "result.json",
)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("epoch", [1, 2])
def test_stopped_while_a_file_is_written_and_resumed(
    finished: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, moment: str, epoch: int
) -> None:
    # The best weights of this training are those of its first epoch.
    replace, left = Path.replace, 1 if name == "result.json" or "best" in name else epoch

    def stopping(path: Path, target: Path) -> Path:
        nonlocal left
        left -= target.name == name
        if not left and moment == "before":
            raise Stopped
        replaced = replace(path, target)
        if not left:
            raise Stopped
        return replaced

    monkeypatch.setattr(Path, "replace", stopping)
    with pytest.raises(Stopped):
        trained(tmp_path / "run")
    monkeypatch.undo()
    assert_equal(resume(tmp_path / "run"), finished)
    assert not list((tmp_path / "run").glob("*.partial"))


# Averages, a perturbation that lives on from batch to batch, a guard: each has state of its own.
@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "sat", "averaging": {"name": "ema", "decay": 0.9}},
        {"name": "sat", "averaging": {"name": "swa", "start": 0.3}},
        "free",
        "fgsm-rs",
    ],
    ids=["ema", "swa", "free", "guard"],
)
def test_recipes_with_state_of_their_own(tmp_path: Path, recipe: Any) -> None:
    whole = trained(tmp_path / "whole", recipe)
    with pytest.raises(Stopped):
        trained(tmp_path / "run", recipe, listener=Stopping(7))
    assert_equal(resume(tmp_path / "run"), whole)


def test_the_weights_of_an_average_are_the_result(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", {"name": "sat", "averaging": {"name": "ema", "decay": 0.9}})
    tensors = weights(run)
    (average,) = (name for name in tensors if name.startswith("state.average.") and name.endswith("fc.weight"))
    assert torch.equal(tensors["last.fc.weight"], tensors[average])
    assert not torch.equal(tensors["last.fc.weight"], tensors["state.model.fc.weight"])


def test_one_that_has_ended_is_only_read(finished: TrainingResult) -> None:
    before = {path: path.read_bytes() for path in finished.path.iterdir()}
    assert_equal(resume(finished.path), finished)
    assert {path: path.read_bytes() for path in finished.path.iterdir()} == before


def unfinished(finished: TrainingResult, tmp_path: Path) -> Path:
    path = tmp_path / "run"
    shutil.copytree(finished.path, path)
    (path / "result.json").unlink()
    return path


def test_a_second_writer_is_refused(finished: TrainingResult, tmp_path: Path) -> None:
    path = unfinished(finished, tmp_path)
    with (
        FileLock(path / "lock"),
        pytest.raises(InputError, match=r"is in use: another process is running the training there"),
    ):
        resume(path)


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_changed_settings_are_refused_but_not_those_of_no_consequence(finished: TrainingResult, tmp_path: Path) -> None:
    path = unfinished(finished, tmp_path)
    changed(path / "config.yaml", "batch_size: 500", "batch_size: 30")
    summary = resume(path).summary
    assert summary["best"]["test"] == finished.summary["best"]["test"]
    (path / "result.json").unlink()
    changed(path / "config.yaml", "weight_decay: 0.0005", "weight_decay: 0.5")
    with pytest.raises(InputError, match=r"config.yaml was changed after the training was started"):
        resume(path)


def test_damaged_directories_are_told(finished: TrainingResult, tmp_path: Path) -> None:
    path = unfinished(finished, tmp_path)
    state = path / "state.safetensors"
    whole = state.read_bytes()
    state.write_bytes(whole[:-10])
    with pytest.raises(InputError, match=r"state.safetensors: damaged"):
        resume(path)
    state.unlink()
    with pytest.raises(InputError, match=r"state.safetensors is gone, though there are results"):
        resume(path)
    state.write_bytes(whole)
    (path / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json: not valid JSON .*; delete it, and"):
        resume(path)
    changed(path / "config.yaml", "\nseed: 0", "\nseed: many")
    with pytest.raises(InputError, match=r"config.yaml: seed: input should be a valid integer"):
        Training.open(path)
    with pytest.raises(InputError, match=r"is not an experiment; it holds run"):
        resume(tmp_path)


def test_an_accuracy_that_no_network_has_is_refused(finished: TrainingResult) -> None:
    content = json.loads(json.dumps(finished.summary))
    content["best"]["test"]["worst_case"]["accuracy"] = 99.0
    with pytest.raises(InputError, match=r"^here: best\.test\.worst_case\.accuracy: input should be less than"):
        checked_summary(content, "here")


def test_a_loss_that_diverges_ends_the_training_with_the_last_good_epoch(tmp_path: Path) -> None:
    # So small a rate at first that an epoch is good, then one that no network survives.
    schedule = {"name": "cosine", "warmup": 0.99, "initial": 1e-36, "every": "epoch"}
    run = trained(tmp_path / "run", {"name": "sat", "learning_rate": 1e33, "schedule": schedule})
    assert run.summary["status"] == "diverged"
    assert run.summary["reason"] == "the training loss is not finite in epoch 2"
    assert (run.best.epoch, run.last.epoch, len(run.history)) == (1, 1, 1)
    assert all(torch.isfinite(tensor).all() for tensor in weights(run).values())
    assert "test" not in run.summary["best"]
    assert resume(tmp_path / "run").summary == run.summary


def test_one_that_diverges_at_once_has_nothing(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", {"name": "sat", "learning_rate": 1e38})
    assert (run.summary["status"], run.best, run.last, run.history) == ("diverged", None, None, ())


def overfitting(accuracies: Mapping[int, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Robust accuracy on training images, as the guard sees it after each epoch."""
    from rnas.training.trainer import Trainer

    monkeypatch.setattr(Trainer, "_robust_training_accuracy", lambda training: accuracies[training.epoch])


def test_catastrophic_overfitting_ends_the_training_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overfitting({1: 0.3, 2: 0.5, 3: 0.1}, monkeypatch)
    run = trained(tmp_path / "run", "fgsm-rs", epochs=5)
    assert run.summary["status"] == "overfitted"
    assert run.summary["reason"].startswith(
        "catastrophic overfitting in epoch 3: robust accuracy on training images fell from 50.0% to 10.0%"
    )
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert run.last.epoch == 2
    assert "test" in run.summary["last"]
    # Stopped in the evaluation after it, it is known again.
    (tmp_path / "run" / "result.json").unlink()
    assert timeless(resume(tmp_path / "run").summary) == timeless(run.summary)


def test_extra_data_are_in_the_summary_and_bound_to_the_state(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)

    def write(path: Path) -> Path:
        np.savez(path, image=rng.integers(0, 17, (50, 8, 8, 1), dtype=np.uint8), label=rng.integers(0, 10, 50))
        return path

    extra = write(tmp_path / "extra.npz")
    recipe = {"name": "sat", "extra_fraction": 0.5}
    with pytest.raises(InputError, match=r"takes 50% of each batch from extra data: give a file of it as extra"):
        trained(tmp_path / "run", recipe)
    with pytest.raises(InputError, match=r"recipe sat takes nothing from extra data"):
        trained(tmp_path / "run", extra=extra)
    assert not (tmp_path / "run").exists()
    run = trained(tmp_path / "run", recipe, extra=extra)
    record = run.summary["data"]["extra"]
    assert (record["file"], record["images"], len(record["sha256"])) == (str(extra), 50, 64)
    (tmp_path / "run" / "result.json").unlink()
    write(extra)
    with pytest.raises(InputError, match=r"the content has changed since .*/run was created"):
        resume(tmp_path / "run")


def test_best_and_last_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rnas.experiments.training import _loop as loop

    robust = iter([0.2, 0.6, 0.1])

    def selected(*_arguments: Any) -> dict[str, float]:
        columns = ("clean_accuracy", "robust_accuracy", "robust_margin", "seconds")
        return dict.fromkeys((f"val_{column}" for column in columns), next(robust))

    monkeypatch.setattr(loop, "evaluate_val", selected)
    run = trained(tmp_path / "run")
    assert (run.best.epoch, run.last.epoch) == (2, 3)
    rows = {row["name"]: row for row in run.summary["comparison"]}
    assert list(rows) == ["clean", "fgsm", "worst case"]
    best, last = (run.summary[name]["test"]["clean"]["accuracy"] for name in ("best", "last"))
    assert rows["clean"]["difference"] == pytest.approx(best - last)
    assert run.best.sha256 != run.last.sha256


def test_only_the_first_images_are_trained_on(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", images=80, epochs=1)
    assert run.summary["data"]["images"]["train"] == run.summary["data"]["trained_on"] == 80
    assert json.loads((tmp_path / "run" / "architecture.json").read_text())["kind"] == "residual"


def test_files_are_written_to_the_disk_before_they_take_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(files.os, "fsync", synced.append)
    trained(tmp_path / "run", epochs=1)
    assert len(synced) == 3 + 6 + 3


def test_a_recipe_of_ones_own_is_read_back(tmp_path: Path) -> None:
    recipe = Recipe.resolve("sat").model_copy(update={"name": "of-my-own", "learning_rate": 0.05})
    run = trained(tmp_path / "run", recipe, epochs=1)
    assert Training.open(tmp_path / "run").settings.recipe == recipe == run.settings.recipe
    assert (run.summary["recipe"], resume(tmp_path / "run").status) == ("of-my-own", "complete")


def test_before_its_end_a_result_holds_the_epochs_done(finished: TrainingResult, tmp_path: Path) -> None:
    result = Training.open(unfinished(finished, tmp_path)).result()
    assert (result.status, result.to_dict()["epochs_done"], result.best.epoch) == ("running", 3, finished.best.epoch)
    assert "running, 3 epochs" in result._repr_html_()
    assert "fgsm" in finished._repr_html_()
    assert repr(finished) == f"<TrainingResult {finished.path}: complete, epochs done: 3>"


def test_the_history_is_a_data_frame_where_pandas_is_installed(finished: TrainingResult) -> None:
    if find_spec("pandas") is None:
        with pytest.raises(InputError, match="needs pandas, which is not installed: pip install pandas"):
            finished.to_pandas()
    else:
        assert list(finished.to_pandas()["epoch"]) == [1, 2, 3]


def test_a_lost_gpu_ends_a_training_with_how_to_resume(
    tmp_path: Path, finished: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = torch.AcceleratorError("CUDA error: device-side assert triggered")
    is_lost: list[bool] = []

    def use(_device: str) -> None:
        if is_lost:
            raise error

    class Losing(Stopping):
        """Loses the device at a step."""

        def progress(self, shares: Mapping[str, float]) -> None:
            try:
                super().progress(shares)
            except Stopped:
                is_lost.append(True)
                raise error from None

    monkeypatch.setattr(devices, "CONTEXTS", {"cpu": use})
    path = tmp_path / "run"
    with pytest.raises(DeviceLostError, match=rf"assert triggered\); resume with: rnas resume {path}$"):
        trained(path, listener=Losing(5))
    is_lost.clear()
    assert_equal(resume(path), finished)
