import os
from pathlib import Path

import pytest

import rnas.evaluation.training_settings as module
from rnas.evaluation.training_settings import TrainingSettings


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
