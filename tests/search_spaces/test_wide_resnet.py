"""The grids of the papers as spaces."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.space import SearchSpace
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import widened
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.wide_resnet import (
    CompoundGrid,
    CompoundSettings,
    DepthGrid,
    DepthSettings,
    Grid,
    WidthGrid,
    WidthSettings,
    Wrn34DepthGrid,
    Wrn34DepthSettings,
)

CIFAR = (3, 32, 32)


def make(grid: type[Grid], **settings: Any) -> Grid:
    return grid(grid.Settings(**settings), CIFAR, 10)


class TestDepths(SearchSpaceConformance):
    built = 3

    def make(self, **settings: Any) -> SearchSpace:
        return DepthGrid(DepthSettings(**settings), CIFAR, 10)


class TestWidths(SearchSpaceConformance):
    built = 3

    def make(self, **settings: Any) -> SearchSpace:
        return WidthGrid(WidthSettings(**settings), CIFAR, 10)


class TestWrn34Depths(SearchSpaceConformance):
    built = 3

    def make(self, **settings: Any) -> SearchSpace:
        return Wrn34DepthGrid(Wrn34DepthSettings(**settings), CIFAR, 10)


class TestCompound(SearchSpaceConformance):
    built = 3

    def make(self, **settings: Any) -> SearchSpace:
        return CompoundGrid(CompoundSettings(block=ROBUST_RES_BLOCK, **settings), CIFAR, 10)


@pytest.mark.parametrize(
    ("grid", "size", "members"),
    [
        (DepthGrid, 7**3, [widened((4, 4, 4), (10, 10, 10)), widened((5, 5, 2), (10, 10, 10))]),
        (WidthGrid, 8**3, [widened((4, 4, 4), (10, 10, 10)), widened((4, 4, 4), (20, 4, 16))]),
        (Wrn34DepthGrid, 5**3, [widened((5, 5, 5), (10, 10, 10)), widened((9, 7, 1), (10, 10, 10))]),
        (CompoundGrid, 7**3 * 8**3, [widened((4, 5, 11), (10, 4, 20))]),
    ],
)
def test_grids_of_the_papers(grid: type[Grid], size: int, members: list) -> None:
    space = make(grid)
    assert space.size == size
    for network in members:
        assert space.decode(space.encode(network)) == network


def test_a_small_grid_is_enumerated_inside_its_bands() -> None:
    space = make(DepthGrid, flops="5G:6G")
    assert space.enumeration is not None
    flops = space.cost(space.enumeration).flops
    grid = make(DepthGrid)
    assert grid.enumeration is not None
    everywhere = grid.cost(grid.enumeration).flops
    assert sorted(flops) == sorted(everywhere[(everywhere >= 5e9) & (everywhere <= 6e9)])


def test_a_band_below_the_space_is_refused_with_the_settings_that_make_it_smaller() -> None:
    with pytest.raises(InputError, match=r"widen the band, or make its networks smaller by widths, base_channels$"):
        make(Wrn34DepthGrid, flops=":500M")
    assert make(Wrn34DepthGrid, flops=":500M", widths=[5]).flops_range[0] < 500e6
    assert make(Wrn34DepthGrid, flops=":500M", base_channels=[8, 16, 32]).flops_range[0] < 500e6
    with pytest.raises(InputError, match=r"widen the band$"):
        make(Wrn34DepthGrid, flops="100G:")


def test_the_block_is_a_setting() -> None:
    space = make(DepthGrid, block={"topology": "bottleneck", "activation": "silu"})
    block = Block(topology="bottleneck", activation="silu")
    assert space.decode(np.zeros(3, dtype=np.int64)).blocks == (block,)
    assert DepthSettings.model_validate(space.settings.model_dump(mode="json")) == space.settings
    with pytest.raises(InputError, match="networks of one block"):
        space.encode(widened((4, 4, 4), (10, 10, 10)))
    with pytest.raises(InputError, match="1x1"):
        DepthGrid(DepthSettings(block=Block(normalization="instance"), upsample=1), (1, 4, 4), 10)
