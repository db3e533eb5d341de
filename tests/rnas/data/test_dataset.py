from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from rnas.data.dataset import SPLITS, Dataset, Split, _sha256, balanced_order, content_hash, divide, scaled
from rnas.data.digits import load
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

DIGITS = load(None)


@given(st.integers(0, 1000), st.integers(1, 400), st.integers(1, 400), st.integers(0, 400))
@settings(max_examples=20, deadline=None)
def test_splits_are_disjoint_and_of_the_sizes_asked(seed: int, search_val: int, test: int, val: int) -> None:
    sizes = SplitSizes(train=500, val=val, search_val=search_val, test=test)
    splits = divide(DIGITS, sizes, seed)
    ids = torch.cat([splits[name].ids for name in SPLITS])
    assert len(ids.unique()) == len(ids) == 500 + val + search_val + test
    assert [len(splits[name]) for name in SPLITS] == [500, val, search_val, test]
    for split in splits.values():
        assert torch.equal(DIGITS.pixels[split.ids], split.pixels)
        assert torch.equal(DIGITS.labels[split.ids], split.labels)


def test_training_is_what_the_others_leave() -> None:
    splits = divide(DIGITS, DIGITS.splits, 0)
    assert sum(len(split) for split in splits.values()) == len(DIGITS.labels) == 1797


def test_every_prefix_has_its_classes_balanced() -> None:
    ordered = DIGITS.labels[balanced_order(DIGITS.labels, 3)]
    for n in (50, 100, 500):
        counts = ordered[:n].bincount(minlength=10)
        assert counts.max() - counts.min() <= 4


def test_the_seed_decides_the_splits_and_their_hash() -> None:
    one, same, other = (divide(DIGITS, DIGITS.splits, seed) for seed in (0, 0, 1))
    assert content_hash(one) == content_hash(same) != content_hash(other)


def test_the_hash_sees_a_single_pixel() -> None:
    splits = divide(DIGITS, DIGITS.splits, 0)
    before = content_hash(splits)
    splits["test"].pixels[0, 0, 0, 0] += 1
    assert content_hash(splits) != before


def changed(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.clone()
    tensor.view(-1)[0] += 1
    return tensor


def swapped(tensor: torch.Tensor) -> torch.Tensor:
    return torch.cat([tensor[1:2], tensor[:1], tensor[2:]])


@pytest.mark.parametrize(
    "change",
    [
        lambda data: replace(data, pixels=changed(data.pixels)),
        lambda data: replace(data, labels=changed(data.labels)),
        lambda data: replace(data, pixels=swapped(data.pixels), labels=swapped(data.labels)),
        lambda data: replace(data, white=17),
        lambda data: replace(data, pixels=data.pixels.view(-1, 1, 4, 16)),
    ],
    ids=["pixel", "label", "order", "white", "shape"],
)
def test_the_hash_sees_every_change_of_the_dataset(change) -> None:
    data = Dataset("few", DIGITS.pixels[:40], DIGITS.labels[:40], 16, 10, 0, DIGITS.splits, DIGITS.epsilon, {})
    sizes = SplitSizes(search_val=5, test=5)
    assert content_hash(divide(data, sizes, 0)) != content_hash(divide(change(data), sizes, 0))


@pytest.mark.parametrize(
    "change",
    [
        lambda split: replace(split, pixels=changed(split.pixels)),
        lambda split: replace(split, labels=changed(split.labels)),
        lambda split: replace(split, ids=changed(split.ids)),
        lambda split: replace(split, white=17),
        lambda split: split.first(len(split) - 1),
        lambda split: Split(*(swapped(tensor) for tensor in (split.pixels, split.labels, split.ids)), split.white),
    ],
    ids=["pixel", "label", "row", "white", "fewer", "order"],
)
def test_the_hash_sees_every_change_of_a_split(change) -> None:
    splits = divide(DIGITS, DIGITS.splits, 0)
    divided = splits["search_val"]
    made = Split(divided.pixels, divided.labels, divided.ids, divided.white)
    for split in (divided, made):
        assert content_hash({**splits, "search_val": split}) != content_hash({**splits, "search_val": change(split)})


def test_the_hash_sees_a_dataset_written_into() -> None:
    data = replace(DIGITS, pixels=DIGITS.pixels.clone())
    before = content_hash(divide(data, data.splits, 0))
    data.pixels[0, 0, 0, 0] += 1
    assert content_hash(divide(data, data.splits, 0)) != before


def test_the_images_are_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = replace(DIGITS, pixels=DIGITS.pixels.clone())
    before = content_hash(divide(data, data.splits, 0))
    hashed: list[int] = []

    def record(*tensors: torch.Tensor) -> str:
        hashed.extend(tensor.ndim for tensor in tensors)
        return _sha256(*tensors)

    monkeypatch.setattr("rnas.data.dataset._sha256", record)
    splits = divide(data, data.splits, 0)
    assert content_hash({name: split.to("cpu") for name, split in splits.items()}) == before
    assert hashed == [1, 1, 1, 1]  # The ids of each split.


def test_a_split_keeps_its_hash_in_any_memory_format() -> None:
    split = divide(DIGITS, DIGITS.splits, 0)["search_val"]
    pixels = split.pixels.repeat(1, 3, 1, 1)
    one, other = (
        Split(pixels.contiguous(memory_format=form), split.labels, split.ids, split.white)
        for form in (torch.contiguous_format, torch.channels_last)
    )
    assert one.digest == other.digest


def test_images_are_exact_shares_of_white() -> None:
    split = divide(DIGITS, DIGITS.splits, 0)["search_val"]
    images = split.images(slice(0, 10))
    assert images.shape == (10, 1, 8, 8)
    assert images.dtype == torch.float32
    assert torch.equal(images * 16, split.pixels[:10].float())
    assert images.min() == 0
    assert images.max() == 1
    assert torch.equal(scaled(split.pixels[:10], split.white), images)


def test_every_pixel_is_its_exact_share_rounded_once_on_every_device() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    for white in (1, 3, 16, 255):
        assert scaled(pixels, white).tolist() == (pixels.double() / white).float().tolist()

    class Divisors(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func.overloadpacket is torch.ops.aten.div_:
                found.append(args[1].device.type)
            return func(*args, **(kwargs or {}))

    found: list[str] = []
    with Divisors():
        scaled(pixels.to("meta"), 255)
    # A GPU multiplies by the rounded reciprocal of a divisor that is not in its own memory.
    assert found == ["meta"]


def test_asking_for_more_images_than_there_are_is_refused() -> None:
    with pytest.raises(InputError, match=r"images.train asks for 1500, but digits has 897"):
        divide(DIGITS, SplitSizes(train=1500, search_val=450, test=450), 0)
    with pytest.raises(InputError, match=r"images.train asks for the rest, but digits has 0"):
        divide(DIGITS, SplitSizes(search_val=900, test=897), 0)


FEW: dict[str, Any] = {
    "name": "few",
    "pixels": torch.arange(8, dtype=torch.uint8).view(2, 1, 2, 2),
    "labels": torch.tensor([0, 1]),
    "white": 7,
    "num_classes": 2,
    "num_test_images": 1,
    "splits": SplitSizes(search_val=1, test=1),
    "epsilon": Fraction(1, 8),
    "fidelity": {"epochs": 1, "batch_size": 2},
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pixels": torch.rand(2, 1, 2, 2)}, "pixels are float32; give bytes, uint8"),
        ({"pixels": torch.zeros(2, 4, dtype=torch.uint8)}, r"pixels have shape \(2, 4\); give \(N, C, H, W\)"),
        ({"pixels": torch.zeros(0, 1, 2, 2, dtype=torch.uint8)}, "with at least one image"),
        ({"white": 0}, "white is 0; give the pixel value that becomes 1.0, from 1 to 255"),
        ({"white": 256}, "white is 256"),
        ({"white": 6}, "a pixel is 7, above white, which is 6; set white"),
        ({"labels": torch.tensor([0.0, 1.0])}, "labels are float32; give int64"),
        ({"labels": torch.tensor([0, 1], dtype=torch.uint8)}, "labels are uint8; give int64"),
        ({"labels": torch.tensor([0, 1, 1])}, r"labels have shape \(3,\) for 2 images"),
        ({"labels": torch.tensor([[0], [1]])}, r"labels have shape \(2, 1\) for 2 images"),
        (
            {"labels": torch.tensor([1, 2])},
            "a label is 2, but with num_classes 2 labels go from 0 to 1; set num_classes",
        ),
        ({"labels": torch.tensor([-1, 1])}, "a label is -1"),
        ({"num_test_images": 2}, "num_test_images is 2, but there are 2 images"),
        ({"num_test_images": -1}, "num_test_images is -1, but there are 2 images"),
        ({"fidelity": {"epoch": 3}}, "fidelity has no setting 'epoch'; it has epochs, images, batch_size, "),
    ],
)
def test_what_is_no_data_set_is_refused_in_one_line(changes: dict[str, Any], words: str) -> None:
    assert Dataset(**FEW).input_shape == (1, 2, 2)
    with pytest.raises(InputError, match=f"^data set 'few': .*{words}") as caught:
        Dataset(**FEW | changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("classes", [tuple("012345678"), tuple("0123456788")])
def test_classes_are_named_each_or_not_at_all(classes: tuple[str, ...]) -> None:
    assert replace(DIGITS, classes=()).classes == ()
    with pytest.raises(InputError, match="9 different names for 10 classes"):
        replace(DIGITS, classes=classes)
