import pytest
import torch

from rnas.errors import InputError
from rnas.networks.architecture import from_dict
from rnas.networks.resnet import ResNet


def test_names_of_the_released_code() -> None:
    with torch.device("meta"):
        names = set(ResNet("bottleneck", (3, 4, 6, 3)).build(10, (3, 32, 32)).state_dict())
    assert {"conv1.weight", "layer1.0.shortcut.0.weight", "layer1.0.shortcut.1.running_var", "linear.bias"} <= names
    assert {"layer4.2.conv3.weight", "layer3.5.bn3.bias"} <= names
    assert "layer1.1.shortcut.0.weight" not in names


@pytest.mark.parametrize("shape", [(3, 33, 7), (1, 1, 1)])
def test_any_images(shape: tuple[int, int, int]) -> None:
    network = ResNet("basic", (1, 1), (2, 4))
    assert network.build(5, shape).eval()(torch.rand(2, *shape)).shape == (2, 5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": [1, 2]}, "2 depths and 4 channels"),
        ({"depths": [2, 2, 2, 0]}, "every number at least 1"),
        ({"depths": [], "channels": []}, "at least one stage"),
        ({"block": "wide"}, "block"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "resnet", **fields})
