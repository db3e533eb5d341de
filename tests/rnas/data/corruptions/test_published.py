from pathlib import Path

import numpy as np
import pytest
import torch

from rnas.data.corruptions._published import published_split
from rnas.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of the published layout, sparse on the disk; the first pixel of an image tells severity and place."""
    pixels = np.lib.format.open_memmap(tmp_path / "fog.npy", "w+", np.uint8, (50_000, 32, 32, 3))
    for severity in range(5):
        pixels[severity * 10_000 + 7, 0, 0] = severity + 1
        pixels[severity * 10_000 + 9_999, 5, 6, 2] = 200
    pixels.flush()
    np.save(tmp_path / "labels.npy", np.tile(np.arange(10_000) % 10, 5).astype(np.uint8))
    return tmp_path


def test_severities_stand_one_after_the_other(folder: Path) -> None:
    for severity in range(1, 6):
        part = published_split(folder, "fog", severity, torch.tensor([9_999, 7]))
        assert part.pixels.shape == (2, 3, 32, 32)
        assert part.pixels.dtype == torch.uint8
        assert part.pixels[1, :, 0, 0].tolist() == [severity] * 3
        assert part.pixels[0, 2, 5, 6] == 200
        assert part.labels.tolist() == [9, 7]
        assert part.ids.tolist() == [9_999, 7]
        assert part.images(slice(None)).max().item() == pytest.approx(200 / 255)


def test_all_images_are_read_where_none_are_named(folder: Path) -> None:
    assert len(published_split(folder, "fog", 5)) == 10_000


def test_pixels_are_a_copy(folder: Path) -> None:
    part = published_split(folder, "fog", 1)
    part.pixels.zero_()
    assert published_split(folder, "fog", 1).pixels.any()


def damaged_labels(labels: np.ndarray) -> np.ndarray:
    labels[30_000] += 1
    return labels


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("fog.npy", None, "no fog.npy in"),
        ("labels.npy", None, "no labels.npy in"),
        ("fog.npy", b"PK\x03\x04 nothing", "fog.npy: not a"),
        ("fog.npy", b"", "fog.npy: not a"),
        ("fog.npy", np.zeros((50, 32, 32, 3), np.uint8), "fog.npy: contains 50x32x32x3 uint8"),
        ("labels.npy", np.zeros((10_000,), np.uint8), "labels.npy: contains 10000 uint8"),
        ("labels.npy", np.zeros((50_000,), np.float64), "labels.npy: contains 50000 float64"),
        ("labels.npy", damaged_labels(np.zeros(50_000, np.uint8)), "labels.npy: contains 50000 uint8"),
        ("labels.npy", np.array([{"a": 1}], dtype=object), "labels.npy: not a readable"),
    ],
)
def test_a_missing_or_foreign_file_is_named(folder: Path, file: str, content, message: str) -> None:
    (folder / file).unlink()
    if isinstance(content, bytes):
        (folder / file).write_bytes(content)
    elif content is not None:
        np.save(folder / file, content, allow_pickle=True)
    with pytest.raises(InputError, match=message) as caught:
        published_split(folder, "fog", 1)
    assert "\n" not in str(caught.value)


def test_an_archive_of_arrays_is_no_array(folder: Path) -> None:
    with (folder / "fog.npy").open("wb") as file:
        np.savez(file, a=np.zeros(3))
    with pytest.raises(InputError, match="not a"):
        published_split(folder, "fog", 1)


@pytest.mark.parametrize(("name", "severity"), [("rain", 1), ("fog", 0), ("fog", 6)])
def test_what_does_not_exist_is_one_line(folder: Path, name: str, severity: int) -> None:
    with pytest.raises(InputError):
        published_split(folder, name, severity)
