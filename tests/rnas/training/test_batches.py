from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnas.data._cutmix import cutmix
from rnas.data.augmentation import augment
from rnas.training._batches import MiniBatch, mini_batches
from rnas.training.plan import Plan
from tests.rnas.training.digits import EXTRA, TRAINING, coloured, plan

PIXELS = {int(number): image for number, image in zip(TRAINING.ids, TRAINING.images(slice(None)), strict=True)}
PIXELS |= {int(number): image for number, image in zip(EXTRA.ids, EXTRA.images(slice(None)), strict=True)}


def augmented(recipe: Any, *names: str, batch_size: int = 50) -> Plan:
    bare = plan(recipe, batch_size=batch_size)
    return Plan(bare.recipe, bare.fidelity, bare.epsilon, bare.num_classes, names)


def ids(batches: list[MiniBatch]) -> list[int]:
    return torch.cat([batch.ids for batch in batches]).tolist()


@settings(max_examples=30)
@given(images=st.integers(1, 120), batch_size=st.integers(1, 60), seed=st.integers(0, 2**31))
def test_every_image_comes_at_most_once_and_whole_batches_alone(images: int, batch_size: int, seed: int) -> None:
    part, steps = TRAINING.first(images), plan("sat", batch_size=batch_size)
    batches = list(mini_batches(part, None, steps, seed))
    assert [len(batch.ids) for batch in batches] == [min(images, batch_size)] * steps.epoch_steps(images)
    drawn = ids(batches)
    assert len(set(drawn)) == len(drawn) > images - batch_size
    assert set(drawn) <= set(part.ids.tolist())
    for batch in batches:
        assert batch.images.dtype == torch.float32
        assert torch.equal(batch.labels, batch.targets)
        assert torch.equal(batch.images, torch.stack([PIXELS[number] for number in batch.ids.tolist()]))


@settings(max_examples=30)
@example(batch_size=1, fraction=0.9, extra=3)
@example(batch_size=4, fraction=0.99, extra=3)
@given(batch_size=st.integers(1, 60), fraction=st.floats(0.01, 0.99), extra=st.integers(1, 200))
def test_every_batch_has_the_same_share_of_extra_images(batch_size: int, fraction: float, extra: int) -> None:
    steps = plan({"name": "sat", "extra_fraction": fraction}, batch_size=batch_size)
    part, further = TRAINING.first(120), EXTRA.first(extra)
    batches = list(mini_batches(part, further, steps, 3))
    assert len(batches) == 120 // batch_size
    expected = min(round(fraction * batch_size), batch_size - 1)
    own = set(part.ids.tolist())
    for batch in batches:
        assert len(batch.ids) == batch_size
        assert sum(number not in own for number in batch.ids.tolist()) == expected
    drawn = ids(batches)
    assert max(Counter(number for number in drawn if number in own).values()) == 1
    # Of the others none comes twice before all came once.
    others = Counter(number for number in drawn if number not in own)
    if others:
        counts = [others[number] for number in further.ids.tolist()]
        assert max(counts) - min(counts) <= 1


def test_without_extra_images_or_a_share_of_them_all_are_the_splits() -> None:
    own = set(TRAINING.ids.tolist())
    assert set(ids(list(mini_batches(TRAINING, EXTRA, plan("sat"), 0)))) <= own
    assert set(ids(list(mini_batches(TRAINING, None, plan("aat"), 0)))) <= own


def test_order_and_augmentation_are_functions_of_the_seed_alone() -> None:
    steps = augmented({"name": "sat", "cutmix": 1.0}, "crop", "flip")

    def epoch(seed: int, noise: int) -> list[MiniBatch]:
        torch.manual_seed(noise)
        return list(mini_batches(TRAINING, None, steps, seed))

    one, same, other = epoch(1, 0), epoch(1, 7), epoch(2, 0)
    assert all(torch.equal(a.images, b.images) for a, b in zip(one, same, strict=True))
    assert all(torch.equal(a.targets, b.targets) for a, b in zip(one, same, strict=True))
    assert ids(one) == ids(same) != ids(other)


def test_the_global_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    list(mini_batches(TRAINING, EXTRA, augmented({"name": "rst", "cutmix": 1.0}, "crop", "rotate"), 0))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("recipe", "of_data", "names"),
    [
        ("sat", ("flip",), ("flip",)),
        ("sat", (), ()),
        ("robnet", ("flip",), ("crop", "flip", "cutout")),
        ({"name": "sat", "augmentation": []}, ("flip",), ()),
    ],
)
def test_augmentation_is_the_recipes_or_else_the_datas(
    recipe: Any, of_data: tuple[str, ...], names: tuple[str, ...]
) -> None:
    batch = next(mini_batches(TRAINING, None, augmented(recipe, *of_data), 4))
    generator = torch.Generator().manual_seed(4)
    rows = torch.randperm(len(TRAINING), generator=generator)[:50]
    assert torch.equal(batch.ids, TRAINING.ids[rows])
    assert torch.equal(batch.images, augment(TRAINING.pixels[rows], names, generator).float() / 16)


def test_mixed_images_have_the_shares_of_both_classes() -> None:
    plain = next(mini_batches(TRAINING, None, plan("sat"), 4))
    mixed = next(mini_batches(TRAINING, None, plan({"name": "sat", "cutmix": 0.3}), 4))
    generator = torch.Generator().manual_seed(4)
    torch.randperm(len(TRAINING), generator=generator)
    images, targets = cutmix(plain.images, plain.labels, 10, 0.3, generator)
    assert torch.equal(mixed.images, images)
    assert torch.equal(mixed.targets, targets)
    assert mixed.targets.shape == (64, 10)
    assert torch.equal(mixed.ids, plain.ids)
    assert torch.equal(mixed.labels, targets.argmax(1))


@pytest.mark.parametrize("channels_last", [True, False])
def test_memory_format_is_the_recipes(channels_last: bool) -> None:
    steps = plan({"name": "sat", "numerics": {"channels_last": channels_last}})
    images = next(mini_batches(coloured(TRAINING), None, steps, 0)).images
    assert images.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert images.is_contiguous() != channels_last
