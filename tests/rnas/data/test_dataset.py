import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnas.data.dataset import PARTS, PartSizes, balanced_order, content_hash, divide
from rnas.data.digits import load
from rnas.errors import InputError

DIGITS = load(None)


@given(st.integers(0, 1000), st.integers(1, 400), st.integers(1, 400), st.integers(0, 400))
@settings(max_examples=20, deadline=None)
def test_parts_are_disjoint_and_of_the_sizes_asked(seed: int, score: int, final: int, selection: int) -> None:
    sizes = PartSizes(training=500, selection=selection, score=score, final=final)
    parts = divide(DIGITS, sizes, seed)
    ids = torch.cat([parts[name].ids for name in PARTS])
    assert len(ids.unique()) == len(ids) == 500 + selection + score + final
    assert [len(parts[name]) for name in PARTS] == [500, selection, score, final]
    for part in parts.values():
        assert torch.equal(DIGITS.pixels[part.ids], part.pixels)
        assert torch.equal(DIGITS.labels[part.ids], part.labels)


def test_training_is_what_the_others_leave() -> None:
    parts = divide(DIGITS, DIGITS.parts, 0)
    assert sum(len(part) for part in parts.values()) == len(DIGITS.labels) == 1797


def test_every_prefix_has_its_classes_balanced() -> None:
    ordered = DIGITS.labels[balanced_order(DIGITS.labels, 3)]
    for n in (50, 100, 500):
        counts = ordered[:n].bincount(minlength=10)
        assert counts.max() - counts.min() <= 4


def test_the_seed_decides_the_parts_and_their_hash() -> None:
    one, same, other = (divide(DIGITS, DIGITS.parts, seed) for seed in (0, 0, 1))
    assert content_hash(one) == content_hash(same) != content_hash(other)


def test_the_hash_sees_a_single_pixel() -> None:
    parts = divide(DIGITS, DIGITS.parts, 0)
    before = content_hash(parts)
    parts["final"].pixels[0, 0, 0, 0] += 1
    assert content_hash(parts) != before


def test_images_are_exact_shares_of_white() -> None:
    part = divide(DIGITS, DIGITS.parts, 0)["score"]
    images = part.images(slice(0, 10))
    assert images.shape == (10, 1, 8, 8)
    assert images.dtype == torch.float32
    assert torch.equal(images * 16, part.pixels[:10].float())
    assert images.min() == 0
    assert images.max() == 1


def test_asking_for_more_images_than_there_are_is_refused() -> None:
    with pytest.raises(InputError, match=r"images.training asks for 1500, but digits has 897"):
        divide(DIGITS, PartSizes(training=1500, score=450, final=450), 0)
    with pytest.raises(InputError, match=r"images.training asks for the rest, but digits has 0"):
        divide(DIGITS, PartSizes(score=900, final=897), 0)
