from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.errors import InputError
from rnas.networks.vgg import VGG
from rnas.networks.zoo import Baseline, Knob, Scaled, baselines, find

SHAPE = (3, 16, 16)


def vgg(channels: int) -> VGG:
    return VGG(((channels,), (2 * channels,)))


def even_vgg(channels: int) -> VGG:
    assert channels % 2 == 0
    return vgg(channels)


@pytest.mark.parametrize(("architecture", "step"), [(vgg, 1), (even_vgg, 2)])
@given(flops=st.integers(1, 5_000_000))
def test_the_nearest_setting_wins(architecture: Callable[[int], VGG], step: int, flops: int) -> None:
    scaled = Knob("channels", "depth", architecture, 8, step).nearest(flops, SHAPE, 10)
    settings = range(step, 200, step)
    nearest = min(abs(vgg(channels).cost(SHAPE, 10).flops - flops) for channels in settings)
    assert abs(scaled.flops - flops) == nearest
    assert scaled.setting == f"channels = {scaled.architecture.stages[0][0]}"


def test_deviation_is_a_share_of_the_target() -> None:
    assert Scaled(vgg(1), "", flops=90, target=100).deviation == pytest.approx(-0.1)


def baseline(name: str = "small-vgg") -> Baseline:
    return Baseline(name, "vgg", vgg(8), "here", Knob("channels", "depth", vgg, 8), ())


def test_a_budget_is_above_zero() -> None:
    with pytest.raises(InputError, match="small-vgg cannot be scaled to 0 FLOPs"):
        baseline().scaled_to(0)


def test_cost_is_counted_at_the_published_images() -> None:
    assert baseline().cost == vgg(8).cost((3, 32, 32), 10)


@pytest.mark.parametrize("name", ["robustresnet-a1", "RobustResNet-A1", "robust-resnet-a1"])
def test_names_are_found_whatever_their_case_and_hyphens(name: str) -> None:
    assert find(name) is baselines()["robust-resnet-a1"]


def test_an_unknown_name_brings_similar_ones() -> None:
    with pytest.raises(InputError, match=r"unknown network 'wrn-28-12'; similar: .*wrn-28-10"):
        find("wrn-28-12")
    with pytest.raises(InputError, match="see rnas zoo"):
        find("?")
