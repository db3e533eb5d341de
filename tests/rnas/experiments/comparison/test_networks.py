from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.experiments._references import resolve
from rnas.experiments.comparison.networks import DEFAULT, compared_network, require_distinct
from rnas.networks.architecture import key
from rnas.networks.zoo import find
from rnas.training.recipe import Recipe
from tests.rnas.experiments.comparison.records import small

DIGITS, CIFAR = (1, 8, 8), (3, 32, 32)
RECIPE = Recipe.resolve("sat")


def test_the_default_roster_comes_to_equal_flops() -> None:
    flops = 5 * 10**9
    found = [compared_network(resolve(name), flops, CIFAR, 10, recipe=RECIPE) for name in DEFAULT]
    require_distinct(found)
    for one in found:
        assert one.network.cost(CIFAR, 10).flops == pytest.approx(flops, rel=0.05)
        assert one.published == one.name
        assert one.scaling == find(one.name).scaling.description


def test_a_network_that_has_the_flops_is_taken_as_it_is(tmp_path: Path) -> None:
    reference = resolve(small(tmp_path, depths=[1, 2, 1], channels=[8, 16, 32]))
    flops = reference.architecture.cost(DIGITS, 10).flops
    as_it_is = compared_network(reference, round(1.04 * flops), DIGITS, 10, recipe=RECIPE)
    assert (as_it_is.scaling, as_it_is.name, as_it_is.published) == ("as it is", "small", None)
    assert key(as_it_is.network) == key(reference.architecture)
    grown = compared_network(reference, 2 * flops, DIGITS, 10, recipe=RECIPE)
    assert grown.scaling.startswith("its own proportions, depths 1:2:1")
    ruled = compared_network(reference, 20 * flops, DIGITS, 10, recipe=RECIPE, robust_scaling=True)
    assert ruled.scaling.startswith("RobustScaling, depths 2:2:1")


@pytest.mark.parametrize(
    ("words", "flops", "message"),
    [
        ("resnet-18", 500_000, r"resnet-18: the nearest of its family, .*, \+9\.2% off 500K; leave it out"),
        ("resnet-18", 10, r"resnet-18: the smallest of its family, [^;]* has \S+ FLOPs, more than 10; leave it out"),
        ("robust-resnet-a1", 350_000, r"robust-resnet-a1: no whole .* the smallest network has \S+; leave it out"),
        ("small", 10_000, r"small\.json: no whole .* the smallest network has \S+; leave it out, or choose"),
    ],
)
def test_what_cannot_come_near_is_refused(tmp_path: Path, words: str, flops: int, message: str) -> None:
    reference = resolve(small(tmp_path) if words == "small" else words)
    with pytest.raises(InputError, match=message):
        compared_network(reference, flops, DIGITS, 10, recipe=RECIPE)


def test_networks_are_several_and_differ(tmp_path: Path) -> None:
    one = compared_network(resolve("resnet-18"), 2_000_000, DIGITS, 10, recipe=RECIPE)
    with pytest.raises(InputError, match="at least two networks"):
        require_distinct([one])
    with pytest.raises(InputError, match="called alike"):
        require_distinct([one, one])
    with pytest.raises(InputError, match="the same network at these FLOPs"):
        require_distinct([one, one.model_copy(update={"name": "another"})])
