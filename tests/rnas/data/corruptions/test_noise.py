import numpy as np
import pytest
import torch
from scipy import stats

from rnas.data.corruptions._noise import gaussian_noise, impulse_noise, shot_noise

IDS = torch.arange(40)
GREY = torch.full((40, 3, 32, 32), 0.5, dtype=torch.float64)


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.04), (5, 0.10)])
def test_gaussian_noise_is_normal_with_the_published_deviation(severity: int, deviation: float) -> None:
    added = (gaussian_noise(GREY, severity, IDS, 0) - GREY).flatten()
    assert stats.kstest(added[:20_000].numpy() / deviation, "norm").pvalue > 0.01


@pytest.mark.parametrize(("severity", "photons"), [(1, 500), (5, 50)])
@pytest.mark.parametrize("level", [0.004, 0.2, 0.7])
def test_shot_noise_counts_are_poisson(severity: int, photons: int, level: float) -> None:
    counts = shot_noise(GREY * 2 * level, severity, IDS, 0).flatten() * photons
    assert torch.allclose(counts, counts.round(), atol=1e-9)
    observed = np.bincount(counts.round().long().numpy(), minlength=photons + 1)
    expected = stats.poisson.pmf(np.arange(photons + 1), level * photons) * len(counts)
    # Whatever is whiter than white is white.
    expected[-1] = stats.poisson.sf(photons - 1, level * photons) * len(counts)
    often = expected > 20
    statistic = ((observed - expected)[often] ** 2 / expected[often]).sum()
    assert stats.chi2.sf(statistic, often.sum()) > 0.01


def test_shot_noise_leaves_black_alone() -> None:
    assert (shot_noise(torch.zeros(5, 1, 8, 8), 5, torch.arange(5), 0) == 0).all()


@pytest.mark.parametrize(("severity", "share"), [(1, 0.01), (5, 0.07)])
def test_impulse_noise_turns_a_share_to_salt_and_as_much_to_pepper(severity: int, share: float) -> None:
    result = impulse_noise(GREY, severity, IDS, 0)
    assert (result == 1).double().mean().item() == pytest.approx(share / 2, rel=0.1)
    assert (result == 0).double().mean().item() == pytest.approx(share / 2, rel=0.1)
    assert ((result == 0.5) | (result == 0) | (result == 1)).all()
