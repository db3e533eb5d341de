import torch

from rnas.data.augmentation import augment, crop, flip


def test_flip_mirrors_about_half_of_the_images_and_nothing_else() -> None:
    images = torch.rand(1000, 3, 4, 4)
    flipped = flip(images, torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    same = (flipped == images).flatten(1).all(1)
    assert (mirrored | same).all()
    assert 400 < mirrored.sum() < 600


def test_crop_shifts_each_image_by_at_most_the_padding() -> None:
    images = torch.rand(200, 3, 8, 8)
    cropped = crop(images, torch.Generator().manual_seed(0))
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


def test_the_generator_decides() -> None:
    images = torch.rand(10, 3, 8, 8)
    one, same, other = (augment(images, ("crop", "flip"), torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
