import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rnas.data import cifar100
from rnas.data.cifar100 import FOLDER, load
from rnas.data.dataset import Dataset
from rnas.data.published import PublishedFile
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance
from tests.rnas.data.cifar_files import write_batches


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the standard layout with 300 and 100 images."""
    images = {"train": 300, "test": 100}
    write_batches(tmp_path / FOLDER, images, fine_labels=100, coarse_labels=20)
    files = tuple(PublishedFile(name, count, "0" * 32) for name, count in images.items())
    monkeypatch.setattr(cifar100, "FILES", files)
    return tmp_path


class TestConformance(DatasetConformance):
    @pytest.fixture(autouse=True)
    def _files(self, small: Path) -> None:
        self.folder = small

    def dataset(self) -> Dataset:
        return replace(load(self.folder), splits=SplitSizes(search_val=30, test=20))


def test_both_the_folder_and_its_parent_are_accepted(small: Path) -> None:
    dataset = load(small)
    assert dataset.pixels.shape == (400, 3, 32, 32)
    assert (dataset.num_classes, dataset.num_test_images, dataset.verified) == (100, 100, False)
    assert torch.equal(dataset.labels, torch.arange(400) % 100)
    assert torch.equal(dataset.pixels, load(small / FOLDER).pixels)


def test_pixels_are_planes_of_rows(small: Path) -> None:
    content = pickle.loads((small / FOLDER / "train").read_bytes())
    assert load(small).pixels[7, 2, 5, 11] == content["data"][7, 2 * 1024 + 5 * 32 + 11]


def _without(name: str):
    def damage(path: Path) -> None:
        content = pickle.loads(path.read_bytes())
        del content[name]
        path.write_bytes(pickle.dumps(content))

    return damage


def _fewer(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps({name: value[:-1] for name, value in content.items()}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no train in .*cifar-100-python.tar.gz"),
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "train: not a readable data file"),
        (_without("fine_labels"), "train: not a CIFAR-100 batch .* fine_labels from 0 to 99"),
        (_without("data"), "train: not a CIFAR-100 batch"),
        (_fewer, "train: contains 299 images, not the published 300"),
    ],
)
def test_a_missing_truncated_or_foreign_file_is_named(small: Path, damage, message: str) -> None:
    damage(small / FOLDER / "train")
    with pytest.raises(InputError, match=message) as caught:
        load(small)
    assert "\n" not in str(caught.value)


def test_the_published_numbers_of_images() -> None:
    assert [(file.name, file.images) for file in cifar100.FILES] == [("train", 50_000), ("test", 10_000)]


def test_no_folder_says_how_to_get_the_data() -> None:
    with pytest.raises(InputError, match="data cifar100 needs data_dir"):
        load(None)


class _Command:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_a_pickle_with_code_in_it_runs_nothing(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    (small / FOLDER / "test").write_bytes(pickle.dumps({"data": _Command(target), "fine_labels": []}))
    with pytest.raises(InputError, match="which is not data"):
        load(small)
    assert not target.exists()
