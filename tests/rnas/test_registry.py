"""Finding parts by their entry point's name."""

import pytest

from rnas import registry
from rnas.errors import InputError
from rnas.networks.block import BlockType
from rnas.networks.residual import ResidualNetwork


def test_parts_are_found_by_name() -> None:
    assert registry.load(registry.ARCHITECTURES, "residual") is ResidualNetwork


def test_every_registered_block_is_one() -> None:
    names = registry.names(registry.BLOCKS)
    assert names == sorted(names)
    assert {"basic", "bottleneck", "inverted-bottleneck", "no-residual", "robust-res-block"} <= set(names)
    assert all(isinstance(registry.load(registry.BLOCKS, name), BlockType) for name in names)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown search space 'pyramid'; known: .*robust-resnet"):
        registry.load(registry.SEARCH_SPACES, "pyramid")
    with pytest.raises(InputError, match="none is installed"):
        registry.load("rnas.no_such_parts", "x")
