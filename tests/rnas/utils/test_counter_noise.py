import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.utils.counter_noise import uniform


def test_noise_is_uniform_and_uncorrelated_between_neighbours() -> None:
    noise = uniform(0, torch.arange(500), (3, 16, 16)).double()
    assert noise.min() >= -1
    assert noise.max() < 1
    assert abs(noise.mean()) < 0.01
    assert abs(noise.var() - 1 / 3) < 0.005
    flat = noise.flatten(1)
    assert abs(torch.corrcoef(torch.stack([flat[:, :-1].flatten(), flat[:, 1:].flatten()]))[0, 1]) < 0.01
    assert abs(torch.corrcoef(torch.stack([flat[:-1].flatten(), flat[1:].flatten()]))[0, 1]) < 0.01
    histogram = torch.histc(noise, 20, -1, 1) / noise.numel()
    assert (histogram - 1 / 20).abs().max() < 0.002


@given(st.integers(0, 2**40), st.lists(st.integers(0, 10**6), min_size=1, max_size=8, unique=True))
def test_an_images_noise_depends_on_seed_and_id_alone(seed: int, ids: list[int]) -> None:
    together = uniform(seed, torch.tensor(ids), (1, 4, 4))
    alone = torch.cat([uniform(seed, torch.tensor([number]), (1, 4, 4)) for number in reversed(ids)])
    assert torch.equal(together, alone.flip(0))
    assert not torch.equal(together, uniform(seed + 1, torch.tensor(ids), (1, 4, 4)))


def test_it_is_the_stated_hash() -> None:
    """A transcription with Python's own whole numbers."""
    mask, gamma = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(value: int) -> int:
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
        return value ^ (value >> 31)

    seed, image = 7, 12345
    start = mix((image * gamma + seed * 0x94D049BB133111EB + gamma) & mask)
    expected = [(mix((start + (pixel + 1) * gamma) & mask) >> 40) / 2**23 - 1 for pixel in range(12)]
    assert uniform(seed, torch.tensor([image]), (3, 2, 2)).flatten().tolist() == expected
