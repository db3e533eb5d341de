import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnas.data._cutmix import cutmix


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(n: int, height: int, width: int) -> Tensor:
    """Images whose every pixel is the number of its image."""
    return torch.arange(n).float()[:, None, None, None].expand(n, 2, height, width).contiguous()


@given(
    n=st.integers(1, 7),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    alpha=st.floats(0.05, 10),
    seed=st.integers(0, 9999),
)
def test_targets_are_the_shares_of_the_pixels(n: int, height: int, width: int, alpha: float, seed: int) -> None:
    images = numbered(n, height, width)
    labels = torch.randint(0, 4, (n,), generator=generator(seed))
    mixed, targets = cutmix(images, labels, 4, alpha, generator(seed))
    assert torch.equal(images, numbered(n, height, width))
    assert mixed.shape == images.shape
    assert targets.shape == (n, 4)
    assert targets.dtype == torch.float32
    assert torch.allclose(targets.sum(1), torch.ones(n))
    for image, target in zip(mixed, targets, strict=True):
        of_class = labels[image[0].long()].flatten().bincount(minlength=4)
        if of_class.max() < height * width:
            # Exactly, where the two are of different classes.
            assert torch.equal(target, (of_class.double() / (height * width)).float())
        else:
            assert target.max() == pytest.approx(1)


@given(n=st.integers(2, 7), seed=st.integers(0, 9999))
def test_one_box_of_every_image_is_a_partners(n: int, seed: int) -> None:
    mixed, _ = cutmix(numbered(n, 12, 9), torch.zeros(n, dtype=torch.int64), 1, 1.0, generator(seed))
    assert torch.equal(mixed[:, 0], mixed[:, 1])
    changed = mixed[:, 0] != torch.arange(n)[:, None, None]
    box = changed.any(0)
    assert torch.equal(box, box.any(1)[:, None] & box.any(0)[None, :])
    if box.any():
        inside = mixed[:, 0][:, box]
        # One partner each, and each is partner of one.
        assert (inside == inside[:, :1]).all()
        assert sorted(inside[:, 0].tolist()) == list(range(n))


def test_the_generator_decides_and_nothing_else() -> None:
    images, labels = torch.rand(8, 3, 32, 32), torch.arange(8)
    torch.manual_seed(1)
    one = cutmix(images, labels, 8, 1.0, generator(0))
    torch.manual_seed(2)
    same, other = (cutmix(images, labels, 8, 1.0, generator(seed)) for seed in (0, 1))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[1], other[1])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    draws = generator(0)
    images, labels = numbered(8, 64, 64), torch.arange(8)
    targets = torch.stack([cutmix(images, labels, 8, alpha, draws)[1] for _ in range(2000)])
    # One that is its own partner keeps its whole label, and never are all.
    shares = 1 - targets.diagonal(dim1=1, dim2=2).amin(1).double().numpy()
    rng = np.random.default_rng(0)
    side = np.sqrt(1 - rng.beta(alpha, alpha, (200_000, 1)))
    centre = rng.random((200_000, 2))
    expected = (np.minimum(centre + side / 2, 1) - np.maximum(centre - side / 2, 0)).prod(axis=1)
    places = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert np.quantile(shares, places) == pytest.approx(np.quantile(expected, places), abs=0.03)


def test_images_on_another_device_are_mixed_there() -> None:
    images = torch.empty(4, 3, 8, 8, device="meta")
    mixed, targets = cutmix(images, torch.zeros(4, dtype=torch.int64, device="meta"), 10, 1.0, generator(0))
    assert mixed.device.type == targets.device.type == "meta"
    assert targets.shape == (4, 10)
