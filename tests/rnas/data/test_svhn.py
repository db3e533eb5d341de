from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from rnas.data import svhn
from rnas.data.dataset import Dataset
from rnas.data.published import PublishedFile
from rnas.data.splits import SplitSizes
from rnas.data.svhn import load
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance


def content(images: int) -> dict[str, np.ndarray]:
    pixels = np.random.default_rng(images).integers(0, 256, (32, 32, 3, images), dtype=np.uint8)
    return {"X": pixels, "y": (np.arange(images, dtype=np.uint8) % 10 + 1)[:, None]}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the standard layout with 60 and 20 images."""
    files = []
    for name, images in (("train_32x32.mat", 60), ("test_32x32.mat", 20)):
        savemat(tmp_path / name, content(images), do_compression=True)
        files.append(PublishedFile(name, images, "0" * 32))
    monkeypatch.setattr(svhn, "FILES", tuple(files))
    return tmp_path


class TestConformance(DatasetConformance):
    @pytest.fixture(autouse=True)
    def _files(self, small: Path) -> None:
        self.folder = small

    def dataset(self) -> Dataset:
        return replace(load(self.folder), splits=SplitSizes(search_val=30, test=20))


def test_images_and_digits_are_the_files_own(small: Path) -> None:
    dataset = load(small)
    assert dataset.pixels.shape == (80, 3, 32, 32)
    assert dataset.pixels.is_contiguous()
    assert (dataset.num_test_images, dataset.verified) == (20, False)
    assert dataset.pixels[5, 2, 7, 11] == content(60)["X"][7, 11, 2, 5]
    assert dataset.pixels[65, 0, 3, 4] == content(20)["X"][3, 4, 0, 5]
    # The tenth label is that of the digit 0.
    assert dataset.labels[:11].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_digits_are_not_mirrored(small: Path) -> None:
    assert load(small).augmentation == ("crop",)


def test_a_folder_named_svhn_is_found(small: Path) -> None:
    (small / "svhn").mkdir()
    for name in ("train_32x32.mat", "test_32x32.mat"):
        (small / name).rename(small / "svhn" / name)
    assert torch.equal(load(small).pixels, load(small / "svhn").pixels)


def _objects() -> np.ndarray:
    cells = np.empty((32, 32, 3, 60), dtype=object)
    cells[...] = 1.0
    return cells


@pytest.mark.parametrize(
    "other",
    [
        {"X": content(60)["X"]},
        {"y": content(60)["y"]},
        {**content(60), "z": np.zeros(3)},
        {**content(60), "X": content(60)["X"].astype(float)},
        {**content(60), "X": content(60)["X"][:, :, :, :59]},
        {**content(60), "X": content(60)["X"][:, :, :2]},
        {**content(60), "X": {"field": 1}},
        {**content(60), "y": _objects()[0, 0, 0][:, None]},
        {**content(60), "y": content(60)["y"] - 1},
        {**content(60), "y": content(60)["y"] + 1},
        {**content(60), "y": content(60)["y"] + 0.5},
        {**content(60), "y": "text"},
    ],
)
def test_anything_but_the_two_plain_arrays_is_refused(small: Path, other: dict[str, object]) -> None:
    savemat(small / "train_32x32.mat", other)
    with pytest.raises(InputError, match=r"train_32x32.mat: not a file of SVHN's cropped digits") as caught:
        load(small)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no test_32x32.mat in .*SVHN page"),
        (lambda path: path.write_bytes(path.read_bytes()[:3000]), "test_32x32.mat: not a readable MATLAB file"),
        (lambda path: path.write_bytes(b""), "test_32x32.mat: not a readable MATLAB file"),
        (lambda path: path.write_bytes(b"<html>not found</html>" * 20), "test_32x32.mat: not a readable MATLAB file"),
        (lambda path: savemat(path, content(19)), "test_32x32.mat: contains 19 images, not the published 20"),
    ],
)
def test_a_missing_truncated_or_foreign_file_is_named(small: Path, damage, message: str) -> None:
    damage(small / "test_32x32.mat")
    with pytest.raises(InputError, match=message) as caught:
        load(small)
    assert "\n" not in str(caught.value)


def test_the_published_numbers_of_images() -> None:
    assert [file.images for file in svhn.FILES] == [73_257, 26_032]


def test_no_folder_says_how_to_get_the_data() -> None:
    with pytest.raises(InputError, match=r"data svhn needs data_dir, the folder that contains train_32x32.mat"):
        load(None)
