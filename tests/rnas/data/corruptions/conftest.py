import pytest
import torch
from torch import Tensor


@pytest.fixture
def photographs() -> Tensor:
    """Images (24, 3, 32, 32) in float64 whose amplitude falls with frequency as that of photographs does."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(24, 3, 32, 32, generator=generator, dtype=torch.float64)
    # Channels have most in common.
    noise = noise + 2 * noise[:, :1]
    frequency = torch.hypot(torch.fft.fftfreq(32)[:, None], torch.fft.rfftfreq(32)).clamp(min=1 / 32)
    images = torch.fft.irfft2(torch.fft.rfft2(noise) / frequency)
    return (images / images.std() * 0.22 + 0.5).clamp(0, 1)
