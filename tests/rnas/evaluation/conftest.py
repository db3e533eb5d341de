import pytest
from torch import nn

from tests.rnas.evaluation.digits_networks import ResidualDigits, plain_network, trained


@pytest.fixture(scope="session")
def robust_network() -> nn.Module:
    """A plain convolutional network, adversarially trained; not to be changed."""
    return trained(plain_network, 0)


@pytest.fixture(scope="session")
def robust_residual_network() -> nn.Module:
    """Another, with a residual block, BatchNorm and SiLU."""
    return trained(ResidualDigits, 1)


@pytest.fixture(scope="session")
def standard_network() -> nn.Module:
    """The plain network, trained on images as they are."""
    return trained(plain_network, 0, steps=0)
