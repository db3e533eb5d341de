from pathlib import Path

import pytest
import torch
from PIL import Image

from rnas.data.dataset import Dataset, divide
from rnas.data.folder import load
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance


def fill(folder: Path, images: int, classes: tuple[str, ...] = ("bird", "ant", "Cat"), first: int = 0) -> None:
    """As many images of each class, each of a grey of its own, with suffixes in turn."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(images):
            grey = (first + label * images + number) % 256
            suffix = (".png", ".bmp", ".PNG")[number % 3]
            Image.new("RGB", (12, 10), (grey,) * 3).save(folder / name / f"{number:02d}{suffix}")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    fill(tmp_path, 20)
    return tmp_path


@pytest.fixture
def split(tmp_path: Path) -> Path:
    fill(tmp_path / "train", 20)
    fill(tmp_path / "test", 5, first=100)
    return tmp_path


class TestPlain(DatasetConformance):
    @pytest.fixture(autouse=True)
    def _files(self, plain: Path) -> None:
        self.folder = plain

    def dataset(self) -> Dataset:
        return load(self.folder)


class TestSplit(DatasetConformance):
    @pytest.fixture(autouse=True)
    def _files(self, split: Path) -> None:
        self.folder = split

    def dataset(self) -> Dataset:
        return load(self.folder)


def test_classes_and_files_are_in_order_of_their_names(plain: Path) -> None:
    (plain / ".hidden").mkdir()
    (plain / "ant" / ".thumbnail.png").write_text("no image")
    (plain / "ant" / "notes.txt").write_text("no image")
    (plain / "readme.txt").write_text("no class")
    (plain / "LICENSE").write_text("no class")
    dataset = load(plain)
    assert dataset.pixels.shape == (60, 3, 10, 12)
    assert (dataset.num_classes, dataset.num_test_images, dataset.verified) == (3, 0, None)
    assert dataset.labels.tolist() == [0] * 20 + [1] * 20 + [2] * 20
    # Capitals come first.
    assert dataset.classes == ("Cat", "ant", "bird")
    assert dataset.pixels[:, 1, 0, 0].tolist() == [*range(40, 60), *range(20, 40), *range(20)]


def test_splits_are_in_proportion(plain: Path) -> None:
    assert {name: len(split) for name, split in divide(load(plain), load(plain).splits, 0).items()} == {
        "train": 48,
        "val": 0,
        "search_val": 6,
        "test": 6,
    }


@pytest.mark.parametrize("name", ["test", "Testing", "val", "valid", "VALIDATION", "dev"])
def test_the_other_folder_holds_the_test_images(split: Path, name: str) -> None:
    (split / "test").rename(split / name)
    dataset = load(split)
    assert dataset.num_test_images == 15
    assert dataset.labels[-15:].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    splits = divide(dataset, dataset.splits, 0)
    assert sorted(splits["test"].pixels[:, 0, 0, 0].tolist()) == list(range(100, 115))
    assert len(splits["search_val"]) == 6


def test_test_goes_before_val_and_train_can_be_alone(split: Path) -> None:
    before = load(split)
    fill(split / "val", 3)
    assert torch.equal(load(split).pixels, before.pixels)
    assert (before.note, load(split).note) == (
        "",
        "The images in val/ were not used, as there are test images as well.",
    )
    for name in ("test", "val"):
        (split / name).rename(split.parent / f"{name} of {split.name}")
    alone = load(split)
    assert alone.num_test_images == 0
    assert torch.equal(alone.pixels, load(split / "train").pixels)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: Image.new("RGB", (9, 9)).save(folder / "ant" / "05.png"), "ant/05.png: 9x9, but .* resize"),
        (lambda folder: (folder / "ant" / "05.png").write_bytes(b"GIF89a"), "ant/05.png: not a PNG"),
        (lambda folder: Image.new("RGB", (12, 10)).save(folder / "ant" / "a.gif"), "ant/a.gif: only png, jpg"),
        (lambda folder: fill(folder, 1, ("a\udcff",)), "the class .* has characters that cannot be printed"),
        (lambda folder: fill(folder, 1, ("a\nb",)), "the class .* has characters that cannot be printed"),
        (lambda folder: Image.new("RGB", (12, 10)).save(folder / "loose.png"), "loose.png: this image is in no class"),
        (lambda folder: (folder / "loose.heic").touch(), "loose.heic: only png, jpg"),
        (lambda folder: (folder / "ant" / "a.npy").touch(), "ant/a.npy: only png, jpg"),
        (lambda folder: Image.new("RGB", (12, 10)).save(folder / "ant" / "a", "png"), "ant/a: only png, jpg"),
        (
            lambda folder: (folder / "dog").symlink_to(folder / "lost"),
            r"dog: only .* \(it is a link to nothing",
        ),
        (lambda folder: (folder / "ant" / "a.HEIC").touch(), "ant/a.HEIC: only png, jpg"),
        (lambda folder: fill(folder / "ant", 1, ("more",)), "ant/more: a folder within a class is not read"),
        (lambda folder: (folder / "dog").mkdir(), "dog: no png, jpg, bmp or webp images in this class"),
        (lambda folder: fill(folder / "train", 2, ("ant",)), "Cat: this folder next to train/ is not read"),
    ],
)
def test_the_file_or_folder_at_fault_is_named(plain: Path, damage, message: str) -> None:
    damage(plain)
    with pytest.raises(InputError, match=message) as caught:
        load(plain)
    assert "\n" not in str(caught.value)


def test_both_splits_have_the_same_classes(split: Path) -> None:
    (split / "test" / "ant").rename(split / "test" / "dog")
    with pytest.raises(InputError, match="class 'ant' is only in the training or only in the test images"):
        load(split)


def test_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: cannot be read \(No such file or directory\)"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file: cannot be read \(Not a directory\)"):
        load(tmp_path / "file")


def test_no_folder_says_what_it_holds() -> None:
    with pytest.raises(
        InputError, match="data folder needs data_dir, a folder that contains one folder of images for each class"
    ):
        load(None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: fill(folder / "valid", 2) or fill(folder / "dev", 2), "both dev/ and valid/ are there"),
        (lambda folder: fill(folder / "holdout", 2), "holdout: this folder next to train/ is not read"),
        (lambda folder: (folder / "extra.npz").touch(), "extra.npz: only png, jpg"),
        (lambda folder: Image.new("RGB", (12, 10)).save(folder / "test" / "a.png"), "test/a.png: this image is in no"),
        (lambda folder: Image.new("RGB", (12, 10)).save(folder / "a.png"), "a.png: this image is in no class"),
    ],
)
def test_nothing_beside_the_two_parts_is_skipped(split: Path, damage, message: str) -> None:
    damage(split)
    with pytest.raises(InputError, match=message):
        load(split)


def test_a_class_may_be_called_train(plain: Path) -> None:
    fill(plain, 2, ("train",))
    assert load(plain).num_classes == 4
