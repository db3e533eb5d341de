import pytest
import torch
from torch import nn


@pytest.fixture
def network() -> nn.Module:
    """A small network with BatchNorm and Dropout, in float64 so that batches do not change roundings."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(6 * 64, 10),
    ).double()


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images, labels and ids."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(24, 1, 8, 8, generator=generator, dtype=torch.float64)
    return images, torch.randint(10, (24,), generator=generator), torch.arange(100, 124)
