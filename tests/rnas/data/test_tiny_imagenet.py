from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rnas.data import tiny_imagenet
from rnas.data.dataset import Dataset
from rnas.data.splits import SplitSizes
from rnas.data.tiny_imagenet import FOLDER, load
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance

CLASSES = ["n01443537", "n01629819", "n02226429"]


def save(path: Path, colour: tuple[int, int, int] | int, side: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", (side, side), colour).save(path, quality=95)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the standard layout: 3 classes of 8 training images, 9 validation images, as bright as their number."""
    root = tmp_path / FOLDER
    for label, name in enumerate(reversed(CLASSES)):
        for number in range(8):
            save(root / "train" / name / "images" / f"{name}_{number}.JPEG", (100 * (2 - label) + number, 0, 0))
        (root / "train" / name / f"{name}_boxes.txt").write_text("boxes")
    lines = []
    for number in range(9):
        save(root / "val" / "images" / f"val_{number}.JPEG", 10 * number)
        lines.append(f"val_{number}.JPEG\t{CLASSES[number % 3]}\t0\t32\t44\t62\n")
    (root / "val" / "val_annotations.txt").write_text("".join(lines))
    (root / "test" / "images").mkdir(parents=True)
    for name, value in (("CLASSES", 3), ("CLASS_IMAGES", 8), ("VALIDATION_IMAGES", 9)):
        monkeypatch.setattr(tiny_imagenet, name, value)
    return tmp_path


class TestConformance(DatasetConformance):
    repeated = 1  # each part of these files has a black image

    @pytest.fixture(autouse=True)
    def _files(self, small: Path) -> None:
        self.folder = small

    def dataset(self) -> Dataset:
        return replace(load(self.folder), splits=SplitSizes(search_val=6, test=9))


def test_classes_are_in_order_and_validation_images_are_the_test_images(small: Path) -> None:
    dataset = load(small)
    assert dataset.pixels.shape == (33, 3, 64, 64)
    assert (dataset.num_classes, dataset.num_test_images, dataset.verified) == (3, 9, None)
    assert dataset.labels.tolist() == [0] * 8 + [1] * 8 + [2] * 8 + [0, 1, 2] * 3
    red = dataset.pixels[:24, 0].float().mean((1, 2))
    assert np.abs(red.numpy() - (dataset.labels[:24] * 100 + torch.arange(24) % 8).numpy()).max() < 3
    # Grey images are grey in RGB.
    assert torch.equal(dataset.pixels[24:, 0], dataset.pixels[24:, 2])
    assert dataset.pixels[24:, 1, 30, 30].tolist() == list(range(0, 90, 10))
    assert torch.equal(dataset.pixels, load(small / FOLDER).pixels)


ANNOTATIONS = Path("val", "val_annotations.txt")
FIRST = Path("train", CLASSES[0], "images", f"{CLASSES[0]}_0.JPEG")


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        (ANNOTATIONS, Path.unlink, "no val/val_annotations.txt in .*tiny-imagenet-200.zip"),
        (ANNOTATIONS, lambda path: path.write_bytes(b"\xff\xfe\x00"), "val_annotations.txt: cannot be read"),
        (ANNOTATIONS, lambda path: path.write_text("val_0.JPEG\tn00000000\t1\n"), "line 1 has no image and class"),
        (ANNOTATIONS, lambda path: path.write_text("val_0.JPEG\n"), "line 1 has no image and class"),
        (ANNOTATIONS, lambda path: path.write_text(f"../x.JPEG\t{CLASSES[0]}\n"), "line 1 has no image and class"),
        (
            ANNOTATIONS,
            lambda path: path.write_text(path.read_text().split("val_8")[0]),
            "val_annotations.txt: contains 8 images, not the published 9",
        ),
        (FIRST, Path.unlink, "images: contains 7 images, not the published 8"),
        (FIRST, lambda path: path.write_bytes(path.read_bytes()[:300]), f"{CLASSES[0]}_0.JPEG: not a readable image"),
        (FIRST, lambda path: save(path, 0, 32), f"{CLASSES[0]}_1.JPEG: 64x64, but .*_0.JPEG is 32x32"),
        (Path("val", "images", "val_3.JPEG"), Path.unlink, "val_3.JPEG: not a readable image"),
        (Path("train", CLASSES[0]), lambda path: path.rename(path.parent / "other"), "contains 2 class folders, not 3"),
    ],
)
def test_a_missing_truncated_or_foreign_file_is_named(small: Path, file: Path, damage, message: str) -> None:
    damage(small / FOLDER / file)
    with pytest.raises(InputError, match=message) as caught:
        load(small)
    assert "\n" not in str(caught.value)


def test_images_of_another_size_are_refused(small: Path) -> None:
    for path in small.rglob("*.JPEG"):
        save(path, 0, 32)
    with pytest.raises(InputError, match=r"n01443537_0.JPEG: 32x32, not 64x64"):
        load(small)


def test_the_published_numbers_of_images() -> None:
    numbers = (tiny_imagenet.CLASSES, tiny_imagenet.CLASS_IMAGES, tiny_imagenet.VALIDATION_IMAGES)
    assert numbers == (200, 500, 10_000)


def test_no_folder_says_how_to_get_the_data() -> None:
    with pytest.raises(InputError, match="data tiny-imagenet needs data_dir"):
        load(None)
