"""Data sets are found by name, and read again only if their files have changed."""

from pathlib import Path

import pytest
import torch

from rnas.data import divide, load_dataset
from rnas.errors import InputError
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


def test_a_name_gives_images_and_labels_for_a_program_of_ones_own(tmp_path: Path) -> None:
    digits = load_dataset("digits")
    test = divide(digits, digits.splits, seed=0)["test"]
    images = test.images(slice(None))
    assert images.shape == (450, 1, 8, 8)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (0, 1)
    assert test.labels.tolist() == digits.labels[test.ids].tolist()
    fill(tmp_path / "train", 2)
    assert load_dataset("folder", str(tmp_path)) is load_dataset("folder", tmp_path)


def test_an_unknown_name_is_one_line_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"^unknown dataset 'digit'; known: cifar10, .*digits"):
        load_dataset("digit")
