"""Trainings: best and last weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnas
from rnas.errors import InputError
from rnas.experiments.reproduction.judgement import EXACTLY, NOT
from tests.rnas.experiments.reproduction.records import hashes
from tests.rnas.experiments.training.trainings import trained


def edited(training: Path, *path: str, value: Any) -> None:
    file = training / "result.json"
    content = json.loads(file.read_text())
    inner = content
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["", "best.safetensors", "last.safetensors"])
def test_its_weights_are_found_again_to_the_last_bit(ended: Path, name: str) -> None:
    before = hashes(ended)
    found = rnas.reproduce(ended / name)
    assert (found.source, found.status) == ("checkpoint", EXACTLY)
    assert [metric.name for metric in found.metrics] == ["clean", "fgsm", "worst case"]
    assert all(check.same for check in found.checks)
    assert name.removesuffix(".safetensors") in found.conditions["training"]
    assert hashes(ended) == before


def test_from_scratch_it_is_trained_to_the_same_bits(ended: Path) -> None:
    found = rnas.reproduce(ended / "last.safetensors", seeds=2)
    assert (found.source, found.seeds, found.status) == ("scratch", (1, 2), EXACTLY)
    assert found.notes[0] == "The new training equals the recorded one for 3 epochs, bit for bit."
    assert all(metric.seed_spread is not None for metric in found.metrics)


def test_a_changed_number_is_found(training: Path) -> None:
    edited(training, "best", "test", "clean", "accuracy", value=0.9)
    found = rnas.reproduce(training)
    assert [metric.name for metric in found.metrics if metric.status == NOT] == ["clean"]
    assert rnas.reproduce(training / "last.safetensors").status == EXACTLY


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        (("key",), "0" * 12, "key"),
        (("flops",), 1, "flops"),
        (("settings", "seed"), 5, "settings"),
        (("recipe_hash",), "0" * 12, "recipe"),
        (("data", "hash"), "0" * 16, "data"),
        (("evaluation", "attacks"), [], "attacks"),
        (("best", "sha256"), "0" * 64, "weights"),
    ],
)
def test_what_is_not_as_recorded_refutes_at_once(training: Path, path: tuple[str, ...], value: Any, name: str) -> None:
    edited(training, *path, value=value)
    found = rnas.reproduce(training)
    assert [check.name for check in found.checks if check.refutes] == [name]
    assert found.status == NOT
    assert all(metric.found is None for metric in found.metrics)


def test_one_without_result_or_weights_is_told(training: Path) -> None:
    (training / "best.safetensors").unlink()
    with pytest.raises(InputError, match="its weights are not there; train the network again with source=scratch"):
        rnas.reproduce(training)
    (training / "result.json").unlink()
    with pytest.raises(InputError, match="no result to reproduce yet; resume it with: rnas resume"):
        rnas.reproduce(training)


def test_a_summary_that_is_damaged_is_told(training: Path) -> None:
    edited(training, "best", "test", "clean", value={})
    with pytest.raises(InputError, match=r"result\.json: best\.test\.clean\.accuracy: Field required"):
        rnas.reproduce(training)


def test_other_extra_images_refute(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def write(path: Path) -> Path:
        np.savez(path, image=rng.integers(0, 17, (50, 8, 8, 1), dtype=np.uint8), label=rng.integers(0, 10, 50))
        return path

    extra = write(tmp_path / "extra.npz")
    trained(tmp_path / "training", {"name": "sat", "extra_fraction": 0.5}, extra=extra)
    found = rnas.reproduce(tmp_path / "training")
    assert found.status == EXACTLY
    assert "extra data" in {check.name for check in found.checks if check.same}
    write(extra)
    found = rnas.reproduce(tmp_path / "training")
    assert [check.name for check in found.checks if check.refutes] == ["extra data"]
