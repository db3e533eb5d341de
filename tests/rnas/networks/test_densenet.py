import pytest
import torch

from rnas.errors import InputError
from rnas.networks.architecture import from_dict
from rnas.networks.densenet import DenseNet
from rnas.networks.modules._densenet import DenseLayer


def test_new_features_come_first() -> None:
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(DenseLayer(3, 2)(x)[:, 2:], x)


def test_odd_images() -> None:
    assert DenseNet((1, 1), (2, 2), 1).build(5, (1, 5, 9))(torch.rand(2, 1, 5, 9)).shape == (2, 5)


def test_images_that_are_too_small() -> None:
    with pytest.raises(InputError, match="sides of at least 8, or fewer stages"):
        DenseNet().build(10, (3, 7, 32))
    with pytest.raises(InputError, match="sides of at least 8"):
        DenseNet().cost((3, 32, 7), 10)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": [1, 2]}, "2 depths and 4 channels"),
        ({"growth": 0}, "every number at least 1"),
        ({"depths": [1], "channels": [0]}, "every number at least 1"),
        ({"depths": [], "channels": []}, "at least one stage"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "densenet", **fields})
