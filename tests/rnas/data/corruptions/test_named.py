import pytest
import torch
from torch import Tensor

from rnas.data.corruptions.named import CORRUPTIONS, OURS, SEVERITIES, corrupted
from rnas.data.digits import load
from rnas.errors import InputError

DIGITS = load(None).pixels[:40].double() / 16

RANDOM = {
    *("gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "snow", "frost", "fog"),
    "elastic_transform",
}

# The published severities of these do not order the mean squared distance: some pair a larger displacement with a
# smaller one, frost dims the image where it thickens, and 8x8 images have few sizes to be pixelated to.
UNORDERED = {("glass_blur", 32), ("elastic_transform", 32), ("frost", 32)}
UNORDERED |= {(name, 8) for name in ("glass_blur", "elastic_transform", "frost", "pixelate")}

every = pytest.mark.parametrize("name", CORRUPTIONS)


def distance(corrupted_images: Tensor, images: Tensor) -> float:
    return (corrupted_images - images).square().mean().item()


def test_there_are_fifteen() -> None:
    assert len(CORRUPTIONS) == 15
    assert set(OURS) < set(CORRUPTIONS)
    assert all(("not comparable" in function.__doc__) == (name in OURS) for name, function in CORRUPTIONS.items())


@every
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 9, 14), (3, 33, 20), (3, 64, 64)])
def test_any_size_and_type_stays_in_range_and_shape(name: str, shape: tuple[int, int, int]) -> None:
    images = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    images[0], images[1] = 0, 1
    before = images.clone()
    for severity in SEVERITIES:
        for kind in (torch.float32, torch.float64):
            result = corrupted(name, images.to(kind), severity, torch.arange(3), 0)
            assert result.shape == images.shape
            assert result.dtype == kind
            assert result.min() >= 0
            assert result.max() <= 1
            assert result.isfinite().all()
    assert torch.equal(images, before)


@every
def test_the_generator_and_the_batch_change_nothing(name: str, photographs: Tensor) -> None:
    ids = torch.arange(300, 300 + len(photographs))
    state = torch.get_rng_state()
    whole = corrupted(name, photographs, 3, ids, 5)
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(1))
    parts = [corrupted(name, photographs[rows], 3, ids[rows], 5) for rows in torch.split(order, 7)]
    assert torch.allclose(torch.cat(parts), whole[order], atol=1e-12)
    assert torch.equal(torch.get_rng_state(), state)


@every
def test_what_is_random_is_a_function_of_seed_and_id(name: str, photographs: Tensor) -> None:
    alike = photographs[:1].expand(4, -1, -1, -1)
    result = corrupted(name, alike, 4, torch.tensor([7, 8, 7, 9]), 0)
    other = corrupted(name, alike, 4, torch.tensor([7, 8, 7, 9]), 1)
    assert torch.equal(result[0], result[2])
    assert torch.equal(result[0], result[1]) == (name not in RANDOM)
    assert torch.equal(result, other) == (name not in RANDOM)


@every
@pytest.mark.parametrize("side", [32, 8])
def test_severity_moves_images_farther(name: str, side: int, photographs: Tensor) -> None:
    images = photographs if side == 32 else DIGITS
    distances = [
        distance(corrupted(name, images, severity, torch.arange(len(images)), 0), images) for severity in SEVERITIES
    ]
    assert distances[4] > 0
    if (name, side) in UNORDERED:
        assert min(distances) > 0
    else:
        assert distances == sorted(distances)
        assert distances[0] < distances[4]


@pytest.mark.parametrize(
    ("name", "severity", "shape", "message"),
    [
        ("rain", 1, (3, 32, 32), "unknown corruption 'rain'"),
        ("fog", 0, (3, 32, 32), "severity 0"),
        ("fog", 6, (3, 32, 32), "severity 6"),
        ("fog", 1, (2, 32, 32), "2x32x32"),
        ("fog", 1, (3, 7, 32), "3x7x32"),
    ],
)
def test_what_cannot_be_is_one_line(name: str, severity: int, shape: tuple[int, int, int], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        corrupted(name, torch.zeros(1, *shape), severity, torch.arange(1), 0)
    assert "\n" not in str(caught.value)
