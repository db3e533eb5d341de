import os
import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnas.data._extra import FIRST_ID, load_extra
from rnas.data.dataset import Dataset
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

RNG = np.random.default_rng(0)
DATASET = Dataset(
    name="few",
    pixels=torch.zeros(20, 3, 6, 5, dtype=torch.uint8),
    labels=torch.arange(20) % 4,
    white=255,
    num_classes=4,
    num_test_images=0,
    splits=SplitSizes(search_val=5, test=5),
    epsilon=Fraction(8, 255),
    fidelity={},
)
PIXELS = RNG.integers(0, 256, (50, 6, 5, 3), dtype=np.uint8)
LABELS = RNG.integers(0, 4, 50)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"image": PIXELS, "label": LABELS} | arrays)
    return path


def pickled(path: Path, protocol: int = 4, **arrays: Any) -> Path:
    content = {"data": PIXELS, "extrapolated_targets": LABELS, "prediction_model": "name"} | arrays
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def refusal(path: Path, dataset: Dataset = DATASET) -> str:
    with pytest.raises(InputError) as caught:
        load_extra(path, dataset)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_both_kinds_of_file_give_the_same_part(tmp_path: Path) -> None:
    parts = [
        load_extra(npz(tmp_path / "1m.npz"), DATASET),
        *(load_extra(pickled(tmp_path / f"{protocol}.pickle", protocol), DATASET) for protocol in (2, 4, 5)),
    ]
    for part in parts:
        assert np.array_equal(part.pixels.numpy(), PIXELS.transpose(0, 3, 1, 2))
        assert part.labels.dtype == torch.int64
        assert part.labels.tolist() == LABELS.tolist()
        assert part.images(torch.tensor([3, 1])).shape == (2, 3, 6, 5)
        assert part.white == 255
    assert len({part.digest for part in parts}) == 1


def test_ids_are_above_those_of_any_dataset(tmp_path: Path) -> None:
    part = load_extra(npz(tmp_path / "1m.npz"), DATASET)
    assert part.ids.tolist() == list(range(2**32, 2**32 + 50))
    assert FIRST_ID == 2**32


def test_the_digest_sees_every_pixel_and_label(tmp_path: Path) -> None:
    brighter, relabelled = PIXELS.copy(), LABELS.copy()
    brighter[31, 2, 2, 1] ^= 1
    relabelled[17] ^= 1
    digests = {
        load_extra(npz(tmp_path / "a.npz", **arrays), DATASET).digest
        for arrays in ({}, {"image": brighter}, {"label": relabelled}, {"image": PIXELS[::-1], "label": LABELS[::-1]})
    }
    assert len(digests) == 4


@pytest.mark.parametrize("kind", ["npz", "pickle"])
@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (PIXELS.transpose(0, 3, 1, 2), LABELS, "is 50 x 3 x 6 x 5 of uint8, not n x 6 x 5 x 3 of uint8"),
        (PIXELS[0], LABELS, "is 6 x 5 x 3 of uint8"),
        (PIXELS / 255, LABELS, "of float64, not n x 6 x 5 x 3 of uint8"),
        (PIXELS[:0], LABELS[:0], "is 0 x 6 x 5 x 3 of uint8"),
        (PIXELS, LABELS[:49], "is 49 of int64, not 50 integers"),
        (PIXELS, LABELS[:, None], "is 50 x 1 of int64, not 50 integers"),
        (PIXELS, LABELS.astype(float), "is 50 of float64"),
        (PIXELS, LABELS - 1, "go from -1 to 2, not from 0 to 3"),
        (PIXELS, LABELS + 1, "go from 1 to 4, not from 0 to 3"),
    ],
)
def test_what_does_not_fit_the_dataset_is_refused(
    tmp_path: Path, kind: str, images: np.ndarray, labels: np.ndarray, message: str
) -> None:
    if kind == "npz":
        path = npz(tmp_path / "a.npz", image=images, label=labels)
    else:
        path = pickled(tmp_path / "a.pickle", data=images, extrapolated_targets=labels)
    assert "does not fit few: " in refusal(path)
    assert message in refusal(path)


def test_pixels_beyond_white_are_refused(tmp_path: Path) -> None:
    digits = replace(DATASET, white=16)
    assert "image go up to 255, but white is 16" in refusal(npz(tmp_path / "a.npz"), digits)
    assert load_extra(npz(tmp_path / "b.npz", image=PIXELS % 17), digits).white == 16


@pytest.mark.parametrize("missing", ["image", "label"])
def test_a_file_without_the_arrays_is_refused(tmp_path: Path, missing: str) -> None:
    arrays = {name: value for name, value in (("image", PIXELS), ("label", LABELS)) if name != missing}
    np.savez(tmp_path / "a.npz", **arrays)
    assert "contains no arrays image and label nor data and extrapolated_targets" in refusal(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [[], 3, {"data": [1]}, {"data": PIXELS, "extrapolated_targets": "text"}])
def test_a_foreign_pickle_is_refused(tmp_path: Path, content: object) -> None:
    (tmp_path / "a.pickle").write_bytes(pickle.dumps(content))
    assert "contains no arrays" in refusal(tmp_path / "a.pickle")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    archive, pickle_file = npz(tmp_path / "a.npz"), pickled(tmp_path / "a.pickle")
    for path in (archive, pickle_file):
        whole = path.read_bytes()
        for share in (0.1, 0.5, 0.99):
            path.write_bytes(whole[: int(len(whole) * share)])
            assert "not a readable" in refusal(path)
        path.write_bytes(b"")
        assert "not a readable" in refusal(path)
    # A byte changed within the archive.
    path = npz(tmp_path / "b.npz")
    content = bytearray(path.read_bytes())
    content[1000] ^= 255
    path.write_bytes(content)
    assert "not a readable .npz" in refusal(path)
    assert "cannot be read (No such file or directory)" in refusal(tmp_path / "none.npz")


class _Command:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (os.system, (f"touch {self.target}",))


def test_objects_are_refused_and_never_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    objects = np.array([_Command(target)] * 50, dtype=object)
    assert "not a readable .npz of plain arrays" in refusal(npz(tmp_path / "a.npz", label=objects))
    assert "system, which is not data" in refusal(pickled(tmp_path / "a.pickle", extrapolated_targets=objects))
    # A pickle by the name of an archive.
    assert "system, which is not data" in refusal(pickled(tmp_path / "b.npz", data=_Command(target)))
    assert not target.exists()
