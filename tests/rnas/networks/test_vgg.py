import pytest
import torch

from rnas.errors import InputError
from rnas.networks.architecture import from_dict
from rnas.networks.vgg import VGG


def test_positions_in_the_released_list_of_layers() -> None:
    with torch.device("meta"):
        names = VGG().build(10, (3, 32, 32)).state_dict().keys()
    convolutions = [int(name.split(".")[1]) for name in names if name.endswith(".bias") and name.startswith("features")]
    assert convolutions == [0, 1, 4, 5, 8, 9, 11, 12, 15, 16, 18, 19, 22, 23, 25, 26]


@pytest.mark.parametrize("shape", [(3, 33, 47), (1, 64, 32)])
def test_larger_and_odd_images(shape: tuple[int, int, int]) -> None:
    assert VGG(((2,), (2,), (2,), (2,), (3,))).build(5, shape)(torch.rand(2, *shape)).shape == (2, 5)


def test_images_that_are_too_small() -> None:
    with pytest.raises(InputError, match="sides of at least 32, or fewer stages"):
        VGG().build(10, (3, 28, 28))
    with pytest.raises(InputError, match="sides of at least 32"):
        VGG().cost((3, 32, 31), 10)


@pytest.mark.parametrize("stages", [[], [[]], [[64], [0]]])
def test_impossible_stages(stages: list[list[int]]) -> None:
    with pytest.raises(InputError, match="at least one convolution"):
        from_dict({"kind": "vgg", "stages": stages})
