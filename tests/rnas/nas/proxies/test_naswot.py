import math

import pytest
import torch
from torch import Tensor, nn

from rnas.errors import DivergedError, InputError
from rnas.nas.proxies.naswot import log_determinant, naswot
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork
from tests.rnas.nas.proxies.chains import Chain, Function, scaled

# The codes of the images are 1010, 0110 and 0010, which agree in 2, 3 and 3 bits: the determinant is 12.
IMAGES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])[:, None, None]
UNITS = ((1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (-1.0, -1.0))
OUT = ((1.0, 0.0, 0.0, 0.0),)
SAME = tuple(tuple(float(row == column) for column in range(4)) for row in range(4))


def score(architecture: Architecture, images: Tensor = IMAGES, seed: int = 0) -> float:
    channels, height, width = images.shape[1:]
    return naswot(architecture, (channels, height, width), 4, images, seed)


def test_by_hand() -> None:
    assert score(Chain((UNITS, OUT))) == pytest.approx(math.log(12), abs=1e-12)


def test_units_of_all_layers_count() -> None:
    # ReLU keeps what is positive, so that the second layer has the codes of the first.
    assert score(Chain((UNITS, SAME, OUT))) == pytest.approx(math.log(12) + 3 * math.log(2), abs=1e-12)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "two-slope"])
def test_every_activation_is_read_by_the_sign_of_its_input(name: str) -> None:
    assert score(Chain((UNITS, OUT), ACTIVATIONS[name].make)) == pytest.approx(math.log(12), abs=1e-12)


def test_a_parametric_activation_is_read_by_the_parts_it_is_made_of() -> None:
    network = ResidualNetwork((1, 1), (4, 8), (Block(activation="two-slope"),), stem_width=4)
    assert math.isfinite(score(network, torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))))


@pytest.mark.parametrize("between", [lambda: Function(torch.relu), lambda: nn.ReLU(inplace=True)])
def test_functions_and_changes_in_place_count_alike(between: type[nn.Module]) -> None:
    assert score(Chain((UNITS, SAME, OUT), between)) == pytest.approx(math.log(12) + 3 * math.log(2), abs=1e-12)


def test_scale_of_weights_and_images_changes_nothing() -> None:
    network = Chain((scaled(UNITS, 1e3), scaled(SAME, 1e-3), OUT))
    assert score(network) == score(network, IMAGES * 1e-3) == score(Chain((UNITS, SAME, OUT)))


def test_images_of_one_code_are_the_worst() -> None:
    assert score(Chain((UNITS, OUT)), torch.cat([IMAGES, IMAGES[:1]])) == -math.inf
    assert score(Chain((scaled(UNITS, 0.0), OUT))) == -math.inf


def test_normalisation_uses_the_images_at_hand() -> None:
    # Centred by the batch, the rows' codes no longer depend on a brightness that all images share.
    network = ResidualNetwork((1, 1), (4, 8), stem_width=4)
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    chain = Chain((UNITS, OUT), lambda: nn.Sequential(nn.BatchNorm1d(4), nn.ReLU()))
    assert score(chain, IMAGES + 5.0) == pytest.approx(score(chain), abs=1e-9)
    assert score(network, images) != score(network, images, seed=1)


def test_singular_matrices_have_no_logarithm() -> None:
    assert log_determinant(torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double()) == pytest.approx(math.log(3))
    rows = torch.rand(6, 3, generator=torch.Generator().manual_seed(0)).double()
    assert log_determinant(rows @ rows.T) == -math.inf


def test_what_has_no_score_is_refused() -> None:
    with pytest.raises(InputError, match="kind 'chain' has none"):
        score(Chain((UNITS, OUT), nn.Sigmoid))
    with pytest.raises(InputError, match="at least two"):
        score(Chain((UNITS, OUT)), IMAGES[:1])
    with pytest.raises(DivergedError, match="not finite"):
        score(Chain((scaled(UNITS, math.nan), OUT)))
