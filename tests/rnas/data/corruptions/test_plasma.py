import pytest
import torch

from rnas.data.corruptions._plasma import plasma


@pytest.mark.parametrize(("height", "width"), [(8, 8), (32, 32), (33, 20)])
def test_maps_are_in_range_and_each_image_has_its_own(height: int, width: int) -> None:
    maps = plasma("a", 0, torch.arange(5), height, width, 2.0)
    assert maps.shape == (5, 1, height, width)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert not torch.equal(maps[0], maps[1])
    assert not torch.equal(maps, plasma("b", 0, torch.arange(5), height, width, 2.0))
    assert torch.equal(maps[2:3], plasma("a", 0, torch.tensor([2]), height, width, 2.0))


def test_a_power_of_two_uses_the_whole_range_and_wraps_around() -> None:
    maps = plasma("a", 0, torch.arange(50), 32, 32, 2.0)
    assert (maps.amin(dim=(1, 2, 3)) == 0).all()
    assert (maps.amax(dim=(1, 2, 3)) == 1).all()

    def step(distance: int) -> float:
        return (maps.roll(distance, 3) - maps).square().mean().item()

    # The heights of neighbours are alike, over the seam too: variation grows with distance.
    assert step(1) < step(2) < step(4) < step(8)
    seam = (maps[..., 0] - maps[..., -1]).square().mean()
    assert seam < 2 * step(1)


def test_less_decay_is_rougher() -> None:
    def roughness(decay: float) -> float:
        maps = plasma("a", 0, torch.arange(50), 32, 32, decay)
        return maps.diff(dim=3).square().mean().item()

    assert roughness(3.0) < roughness(2.0) < roughness(1.5)
