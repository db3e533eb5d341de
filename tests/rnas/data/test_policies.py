"""The policies against their published tables, and their operations against the images that these describe."""

import pytest
import torch
from PIL import Image
from torch import Tensor

from rnas.data.augmentation import POLICIES, augment
from rnas.data.policies import AUTOAUGMENT_CIFAR10, GREATEST, RANDAUGMENT, transformed

# Cubuk et al., CVPR 2019, table 7 of the appendix, in its own form: two operations with probability and magnitude.
PRINTED = """
Invert,0.1,7 Contrast,0.2,6 | Rotate,0.7,2 TranslateX,0.3,9 | Sharpness,0.8,1 Sharpness,0.9,3
ShearY,0.5,8 TranslateY,0.7,9 | AutoContrast,0.5,8 Equalize,0.9,2 | ShearY,0.2,7 Posterize,0.3,7
Color,0.4,3 Brightness,0.6,7 | Sharpness,0.3,9 Brightness,0.7,9 | Equalize,0.6,5 Equalize,0.5,1
Contrast,0.6,7 Sharpness,0.6,5 | Color,0.7,7 TranslateX,0.5,8 | Equalize,0.3,7 AutoContrast,0.4,8
TranslateY,0.4,3 Sharpness,0.2,6 | Brightness,0.9,6 Color,0.2,8 | Solarize,0.5,2 Invert,0.0,3
Equalize,0.2,0 AutoContrast,0.6,0 | Equalize,0.2,8 Equalize,0.6,4 | Color,0.9,9 Equalize,0.6,6
AutoContrast,0.8,4 Solarize,0.2,8 | Brightness,0.1,3 Color,0.7,0 | Solarize,0.4,5 AutoContrast,0.9,3
TranslateY,0.9,9 TranslateY,0.7,9 | AutoContrast,0.9,2 Solarize,0.8,3 | Equalize,0.8,8 Invert,0.1,3
TranslateY,0.7,9 AutoContrast,0.9,1
"""


def image(seed: int = 0) -> Image.Image:
    pixels = torch.randint(0, 256, (32, 32, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())


def tensor(picture: Image.Image) -> Tensor:
    return torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(32, 32, 3).int()


def test_the_policy_is_the_printed_one() -> None:
    printed = [
        tuple((name.lower(), float(share), int(level)) for name, share, level in (part.split(",") for part in pair))
        for pair in (one.split() for one in PRINTED.strip().replace("\n", " | ").split(" | "))
    ]
    ours = [tuple((name.replace("-", ""), *rest) for name, *rest in pair) for pair in AUTOAUGMENT_CIFAR10]
    assert ours == printed
    assert len(ours) == 25


def test_randaugment_has_the_14_operations_of_its_paper() -> None:
    assert len(RANDAUGMENT) == 14
    assert {"invert"} == {*GREATEST} - {*RANDAUGMENT}


@pytest.mark.parametrize("level", range(10))
def test_operations_have_the_searched_ranges(level: int) -> None:
    share, pixels = level / 9, tensor(image())
    posterized = tensor(transformed(image(), ("posterize", share)))
    bits = [8, 8, 7, 7, 6, 6, 5, 5, 4, 4][level]
    assert torch.equal(posterized, pixels >> (8 - bits) << (8 - bits))
    solarized = tensor(transformed(image(), ("solarize", share)))
    assert torch.equal(solarized, torch.where(pixels < 256 * (1 - share), pixels, 255 - pixels))
    darker = tensor(transformed(image(), ("brightness", -share)))
    assert ((1 - 0.9 * share) * pixels - darker).abs().max() <= 1
    moved = tensor(transformed(image(), ("translate-x", share)))
    shift = int(150 / 331 * share * 32 + 0.5)
    assert torch.equal(moved[:, : 32 - shift], pixels[:, shift:])
    assert (moved[:, 32 - shift :] == 128).all()
    turned = tensor(transformed(image(), ("rotate", share)))
    assert torch.equal(turned[16, 16], pixels[16, 16]) or share > 0.5
    assert (turned[0, 0] == 128).all() == (level > 0)
    sheared = tensor(transformed(image(), ("shear-y", -share)))
    assert torch.equal(sheared[:, 0], pixels[:, 0]) or level > 0
    assert (sheared == 128).all(2).any() == (level > 0)


def test_operations_without_magnitude() -> None:
    pixels = tensor(image())
    assert torch.equal(tensor(transformed(image(), ("invert", 0.0))), 255 - pixels)
    narrow = Image.fromarray((pixels // 4 + 50).byte().numpy())
    stretched = tensor(transformed(narrow, ("autocontrast", 0.0)))
    # Pillow rounds down.
    assert int(stretched.min()) == 0
    assert int(stretched.max()) >= 254
    equalized = tensor(transformed(narrow, ("equalize", 0.0)))
    assert equalized.unique().numel() > 40
    assert torch.equal(tensor(transformed(narrow, ("color", 0.0))), tensor(narrow))
    grey = tensor(transformed(image(), ("color", -1 / 0.9)))
    assert torch.equal(grey[..., 0], grey[..., 1])


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_bytes_and_numbers_are_augmented_alike_and_by_the_value_of_white(name: str, channels: int) -> None:
    def drawn(images: Tensor, white: int | None = None) -> Tensor:
        return augment(images, (name,), torch.Generator().manual_seed(3), white)

    pixels = torch.randint(0, 256, (12, channels, 9, 7), generator=torch.Generator().manual_seed(0)).byte()
    changed = drawn(pixels)
    assert changed.dtype == torch.uint8
    assert (changed != pixels).flatten(1).any(1).sum() > 4
    assert torch.equal((drawn(pixels.float() / 255) * 255).round().byte(), changed)
    # Sixteen levels are those of digits: a policy sees the same image, and gives back levels of the same kind.
    few = pixels % 17
    bright = (few.float() * 255 / 16).round().byte()
    assert torch.equal(drawn(few, 16), (drawn(bright).float() * 16 / 255).round().byte())
    # An image is the same whatever the batch holds after it.
    assert torch.equal(augment(pixels, (), torch.Generator()), pixels)


def test_autoaugment_draws_each_policy_and_leaves_some_images_as_they_are() -> None:
    pixels = torch.randint(0, 256, (400, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()
    changed = augment(pixels, ("autoaugment",), torch.Generator().manual_seed(1))
    same = (changed == pixels).flatten(1).all(1).double().mean().item()
    # Both operations are left out with a share that the table gives, and some of the others change nothing.
    left_out = sum((1 - one[1]) * (1 - two[1]) for one, two in AUTOAUGMENT_CIFAR10) / 25
    assert left_out - 0.05 < same < left_out + 0.25
