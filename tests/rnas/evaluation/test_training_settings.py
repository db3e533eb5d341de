import os
from pathlib import Path

import pytest

import rnas.evaluation.training_settings as module
from rnas.evaluation.training_settings import TrainingSettings, load_dataset
from tests.rnas.data.cifar_files import write_cifar10
from tests.rnas.data.test_folder import fill


def test_data_are_read_again_after_a_change_of_theirs_alone(tmp_path: Path) -> None:
    fill(tmp_path / "train", 2)
    (tmp_path / "notes.txt").symlink_to(tmp_path / "nowhere")
    first = load_dataset("folder", tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").touch()
    assert load_dataset("folder", tmp_path) is first
    (tmp_path / "train" / "ant" / "00.png").unlink()
    assert len(load_dataset("folder", tmp_path).labels) == len(first.labels) - 1


def test_experiments_beside_the_data_are_none_of_them(tmp_path: Path) -> None:
    write_cifar10(tmp_path, 2, 2)
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (run / "config.yaml").touch()
    first = load_dataset("cifar10", tmp_path)
    (run / "ledger.db").write_text("grown")
    assert load_dataset("cifar10", tmp_path) is first
    (tmp_path / "images").touch()
    assert load_dataset("cifar10", tmp_path) is not first


def test_extra_images_are_hashed_once_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    own = module.file_hash
    monkeypatch.setattr(module, "file_hash", lambda path: [read.append(path), own(path)][1])
    extra = tmp_path / "extra.npz"
    extra.write_bytes(b"one")
    settings = TrainingSettings(extra=extra)
    first = settings.inputs["extra"]
    assert settings.inputs["extra"] == first
    assert len(read) == 1
    extra.write_bytes(b"two")
    os.utime(extra, ns=(0, 0))
    assert settings.inputs["extra"] != first
