import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnas.data.augmentation import AUGMENTATIONS, NAMES, augment, crop, cutout, flip, rotate


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


SHAPES = st.tuples(*(st.integers(low, high) for low, high in ((1, 5), (1, 3), (2, 20), (2, 20))))


@pytest.mark.parametrize("name", AUGMENTATIONS)
@given(shape=SHAPES, seed=st.integers(0, 99), channels_last=st.booleans())
def test_bytes_and_numbers_are_augmented_alike(
    name: str, shape: tuple[int, int, int, int], seed: int, channels_last: bool
) -> None:
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator(seed))
    if channels_last:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
    before = pixels.clone()
    augmented = augment(pixels, (name,), generator(seed))
    assert torch.equal(pixels, before)
    assert augmented.shape == shape
    assert augmented.dtype == torch.uint8
    # No pixel is new, apart from black.
    assert set(augmented.unique().tolist()) <= {*pixels.unique().tolist(), 0}
    for image in (pixels.float() / 255, pixels.half()):
        other = augment(image, (name,), generator(seed))
        assert other.dtype == image.dtype
        assert torch.equal((other * (255 if image.dtype == torch.float32 else 1)).round().byte(), augmented)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_draws_are_made_on_the_cpu_and_work_is_done_where_the_images_are(name: str) -> None:
    images = torch.empty(4, 3, 32, 32, device="meta", dtype=torch.uint8)
    augmented = augment(images, (name,), generator())
    assert augmented.device.type == "meta"
    assert augmented.shape == images.shape


@pytest.mark.gpu
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_gpu_gives_the_same(name: str) -> None:
    pixels = torch.randint(0, 256, (64, 3, 32, 32), dtype=torch.uint8, generator=generator())
    on_cpu, on_gpu = (augment(images, (name,), generator()) for images in (pixels, pixels.cuda()))
    assert torch.equal(on_cpu, on_gpu.cpu())


def test_the_generator_decides() -> None:
    images = torch.rand(10, 3, 32, 32)
    for name in NAMES:
        one, same, other = (augment(images, (name,), generator(seed)) for seed in (0, 0, 1))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def test_names_are_taken_in_order() -> None:
    images = torch.rand(10, 3, 8, 8)
    draws = generator()
    expected = flip(crop(images, draws), draws)
    assert torch.equal(augment(images, ("crop", "flip"), generator()), expected)
    assert torch.equal(augment(images, (), generator()), images)


def test_flip_mirrors_about_half_of_the_images_and_nothing_else() -> None:
    images = torch.rand(1000, 3, 4, 4)
    flipped = flip(images, generator())
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    same = (flipped == images).flatten(1).all(1)
    assert (mirrored | same).all()
    assert 400 < mirrored.sum() < 600


def test_crop_shifts_each_image_by_at_most_the_padding() -> None:
    images = torch.rand(200, 3, 8, 8)
    cropped = crop(images, generator())
    padded = torch.nn.functional.pad(images, (4, 4, 4, 4))
    shifts = set()
    for image, result in zip(padded, cropped, strict=True):
        matches = [
            (top, left)
            for top in range(9)
            for left in range(9)
            if torch.equal(image[:, top : top + 8, left : left + 8], result)
        ]
        assert matches
        shifts.add(matches[0])
    assert len(shifts) > 50


@pytest.mark.parametrize(("height", "width", "side"), [(32, 32, 16), (64, 64, 16), (8, 8, 4), (20, 12, 6)])
def test_cutout_blackens_one_window_that_the_border_may_cut_off(height: int, width: int, side: int) -> None:
    images = torch.ones(3000, 2, height, width)
    black = cutout(images, generator()) == 0
    assert torch.equal(black[:, 0], black[:, 1])
    rows, columns = black[:, 0].any(2), black[:, 0].any(1)
    # A window: every row and column of it is black all along.
    assert torch.equal(black[:, 0], rows[:, :, None] & columns[:, None, :])
    for lines, length in ((rows, height), (columns, width)):
        sides = lines.sum(1)
        assert sides.min() == side // 2
        assert sides.max() == side
        # The centre is anywhere, so that this share of the windows is whole.
        assert (sides == side).float().mean().item() == pytest.approx((length - side + 1) / length, abs=0.04)
        first = lines.float().argmax(1)
        assert torch.equal(lines.float().cumsum(1)[torch.arange(3000), (first + sides - 1)].long(), sides)


def test_rotation_is_that_of_pillow() -> None:
    for height, width in ((32, 32), (17, 24), (64, 64)):
        pixels = torch.randint(1, 256, (20, 3, height, width), dtype=torch.uint8, generator=generator(1))
        rotated = rotate(pixels, generator(2))
        degrees = (torch.rand(20, generator=generator(2)).double() * 2 - 1) * 20
        for image, result, angle in zip(pixels, rotated, degrees.tolist(), strict=True):
            expected = Image.fromarray(image.permute(1, 2, 0).numpy()).rotate(angle)
            assert np.array_equal(result.permute(1, 2, 0).numpy(), np.asarray(expected))


def test_rotation_goes_up_to_twenty_degrees_both_ways() -> None:
    # The topmost pixel of a line through the centre moves by half the height times the sine of the angle.
    images = torch.zeros(500, 1, 65, 65)
    images[:, :, :, 32] = 1
    # Just within the circle that stays in the image at every angle.
    top = rotate(images, generator())[:, 0, 4].argmax(1) - 32
    reach = 28 * np.tan(np.radians(20))
    assert top.max() == pytest.approx(reach, abs=1)
    assert top.min() == pytest.approx(-reach, abs=1)
    assert abs(top.float().mean()) < 0.5
