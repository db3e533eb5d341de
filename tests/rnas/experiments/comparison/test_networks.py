from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.experiments._references import resolve
from rnas.experiments.comparison.networks import DEFAULT, ComparedNetwork, compared_networks, require_distinct
from rnas.networks.architecture import key
from rnas.networks.zoo import find
from rnas.training.recipe import Recipe
from tests.rnas.experiments.comparison.records import small

DIGITS, CIFAR = (1, 8, 8), (3, 32, 32)
RECIPE = Recipe.resolve("sat")


def compared(words: list[str], flops: int, shape: tuple[int, int, int] = DIGITS, **given: Any) -> list[ComparedNetwork]:
    return list(compared_networks([resolve(one) for one in words], flops, shape, 10, recipe=RECIPE, **given))


def test_the_default_roster_comes_to_equal_flops() -> None:
    flops = 5 * 10**9
    for one in compared([*DEFAULT], flops, CIFAR):
        assert one.network.cost(CIFAR, 10).flops == pytest.approx(flops, rel=0.05)
        assert one.published == one.name
        assert one.scaling == find(one.name).scaling.description


def test_a_network_that_has_the_flops_is_taken_as_it_is(tmp_path: Path) -> None:
    file = small(tmp_path, depths=[1, 2, 1], channels=[8, 16, 32])
    own = resolve(file).architecture
    flops = own.cost(DIGITS, 10).flops
    as_it_is = compared([file], round(1.04 * flops))[0]
    assert (as_it_is.scaling, as_it_is.name, as_it_is.published) == ("as it is", "small", None)
    assert key(as_it_is.network) == key(own)
    assert compared([file], 2 * flops)[0].scaling.startswith("its own proportions, depths 1:2:1")
    assert compared([file], 20 * flops, robust_scaling=True)[0].scaling.startswith("RobustScaling, depths 2:2:1")


@pytest.mark.parametrize(
    ("words", "flops", "message"),
    [
        ("resnet-18", 500_000, r"resnet-18: the nearest of its family, .*, \+9\.2% off 500K; all networks fit flops="),
        (
            "resnet-18",
            10,
            r"resnet-18: the smallest of its family, [^;]* has \S+ FLOPs, more than 10; no budget near",
        ),
        ("robust-resnet-a1", 350_000, r"robust-resnet-a1: no whole .* the smallest network has \S+; "),
        ("small", 10_000, r"small\.json: no whole .* the smallest network has \S+; "),
    ],
)
def test_what_cannot_come_near_is_refused(tmp_path: Path, words: str, flops: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compared([small(tmp_path) if words == "small" else words], flops)


def test_all_misfits_are_named_at_once_with_the_nearest_budgets_that_suit_all(tmp_path: Path) -> None:
    words = [small(tmp_path), "resnet-18", "wrn-28-10"]
    with pytest.raises(InputError) as error:
        compared(words, 600_000)
    assert str(error.value) == (
        "resnet-18: the nearest of its family, channels of the first stage = 8, has 546K FLOPs, -9.0% off 600K; "
        "wrn-28-10: the nearest of its family, planes of the first stage = 6, has 529K FLOPs, -11.8% off 600K; all "
        "networks fit flops=557K or flops=672K; choose one of these, a tolerance above 0.05, or other networks"
    )
    for flops in (557_000, 672_000):
        assert len(compared(words, flops)) == 3
    assert len(compared(words, 600_000, tolerance=0.12)) == 3


def test_networks_are_several_and_differ() -> None:
    (one,) = compared(["resnet-18"], 2_000_000)
    with pytest.raises(InputError, match="at least two networks"):
        require_distinct([one])
    with pytest.raises(InputError, match="called alike"):
        require_distinct([one, one])
    with pytest.raises(InputError, match="the same network at these FLOPs"):
        require_distinct([one, one.model_copy(update={"name": "another"})])
