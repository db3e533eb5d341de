import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rnas.data import cifar10
from rnas.data.cifar10 import FILES, FOLDER, load
from rnas.data.dataset import Dataset, divide
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance
from tests.rnas.data.cifar_files import write_cifar10

NAMES = [file.name for file in FILES]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Files of the standard layout with 20 images each."""
    write_cifar10(tmp_path, 20, 20)
    return tmp_path


class TestConformance(DatasetConformance):
    @pytest.fixture(autouse=True)
    def _files(self, small: Path) -> None:
        self.folder = small

    def dataset(self) -> Dataset:
        return replace(load(self.folder), splits=SplitSizes(search_val=30, test=20))


def test_both_the_folder_and_its_parent_are_accepted(small: Path) -> None:
    dataset = load(small)
    assert dataset.pixels.shape == (120, 3, 32, 32)
    assert dataset.num_test_images == 20
    assert torch.equal(dataset.pixels, load(small / FOLDER).pixels)


def test_test_images_come_from_the_published_test_images(small: Path) -> None:
    dataset = load(small)
    splits = divide(dataset, dataset.splits.model_copy(update={"search_val": 30, "test": 15}), 0)
    assert (splits["test"].ids >= 100).all()
    assert all((splits[name].ids < 100).all() for name in ("train", "val", "search_val"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no data_batch_3"),
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "not a readable data file"),
        (lambda path: path.write_bytes(pickle.dumps({"data": [1], "labels": [1]})), "not a CIFAR-10 batch"),
        (lambda path: path.write_bytes(pickle.dumps({"labels": [1]})), "not a CIFAR-10 batch"),
    ],
)
def test_a_missing_truncated_or_foreign_file_is_named(small: Path, damage, message: str) -> None:
    damage(small / FOLDER / "data_batch_3")
    with pytest.raises(InputError, match=message) as caught:
        load(small)
    assert "data_batch_3" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_batch_with_fewer_images_than_the_description_says_is_refused(small: Path) -> None:
    meta = small / FOLDER / "batches.meta"
    meta.write_bytes(pickle.dumps({"num_cases_per_batch": 20}))
    assert len(load(small).labels) == 120
    meta.write_bytes(pickle.dumps({"num_cases_per_batch": 10_000}))
    with pytest.raises(InputError, match=r"data_batch_1: contains 20 images, but batches.meta says 10,000"):
        load(small)
    meta.write_bytes(pickle.dumps([]))
    with pytest.raises(InputError, match=r"batches.meta: does not state num_cases_per_batch"):
        load(small)


def test_a_smaller_copy_says_so_to_whoever_reads_its_results(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "This cifar10 has 100 training and 20 test images, not the published 50,000 and 10,000."
    assert load(small).note == note
    monkeypatch.setattr(cifar10, "FILES", tuple(replace(file, images=20) for file in FILES))
    assert load(small).note == ""


def test_files_are_verified_by_their_published_checksums(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(small).verified is False
    own = [
        replace(file, md5=hashlib.md5((small / FOLDER / file.name).read_bytes(), usedforsecurity=False).hexdigest())
        for file in FILES
    ]
    monkeypatch.setattr(cifar10, "FILES", tuple(own))
    assert load(small).verified is True
    monkeypatch.setattr(cifar10, "FILES", (*own[:5], FILES[5]))
    assert load(small).verified is False


def test_no_folder_says_how_to_get_the_data() -> None:
    with pytest.raises(InputError, match="data_dir"):
        load(None)


class _Bomb:
    def __reduce__(self):
        return (print, ("boom",))


def test_a_pickle_with_code_in_it_runs_nothing(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / FOLDER / "test_batch").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(InputError, match="print"):
        load(small)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.skipif("RNAS_TEST_DATA" not in os.environ, reason="RNAS_TEST_DATA names no folder of data")
def test_the_real_files(tmp_path: Path) -> None:
    script = Path(os.environ["RNAS_TEST_DATA"]) / "make-cifar10"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    dataset = load(tmp_path)
    # The original images in another order: complete, and not the published bytes.
    assert (dataset.note, dataset.verified) == ("", False)
    assert dataset.pixels.shape == (60_000, 3, 32, 32)
    assert dataset.labels.bincount().tolist() == [6_000] * 10
    # The published per-channel means of the training images.
    means = dataset.pixels[:50_000].double().mean(dim=(0, 2, 3)) / 255
    assert means.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)
