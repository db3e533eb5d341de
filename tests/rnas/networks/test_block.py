"""Blocks as data: one description for each block, and errors for impossible ones."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.errors import InputError
from rnas.networks.block import Block, BlockColumns
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK, balanced_base_width, chunk_width
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.residual import ResidualNetwork


@pytest.mark.parametrize(
    ("given_fields", "same"),
    [
        ({"cardinality": 4, "scales": 8, "base_width": 10, "first_input": "activated"}, {}),
        ({"reduction": 64}, {}),
        ({"topology": "bottleneck", "cardinality": 4}, {"topology": "bottleneck"}),
        ({"topology": "robust-res-block"}, {"topology": "bottleneck"}),
        (
            {"topology": "bottleneck", "order": "post", "first_input": "activated"},
            {"topology": "bottleneck", "order": "post"},
        ),
        ({"order": "post", "equal_width_shortcut": "raw"}, {"order": "post"}),
        ({"topology": "no-residual", "equal_width_shortcut": "raw"}, {"topology": "no-residual"}),
        ({"topology": "inverted-bottleneck", "first_input": "activated"}, {"topology": "inverted-bottleneck"}),
    ],
)
def test_what_a_block_does_not_read_makes_no_difference(given_fields: dict[str, Any], same: dict[str, Any]) -> None:
    assert Block(**given_fields) == Block(**same)


@pytest.mark.parametrize(
    "fields",
    [
        {"cardinality": 4, "base_width": 60},
        {"scales": 8, "base_width": 35},
        {"base_width": 80},
        {"scales": 8, "cardinality": 4, "base_width": 10, "first_input": "activated"},
    ],
)
def test_what_a_block_reads_makes_a_difference(fields: dict[str, Any]) -> None:
    block = Block(topology="robust-res-block", **fields)
    assert block.topology == "robust-res-block"
    assert all(getattr(block, name) == value for name, value in fields.items())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"topology": "pyramid"}, "unknown block 'pyramid'; known: basic, "),
        ({"activation": "sigmoid"}, "activation is 'sigmoid'; write one of relu, "),
        ({"normalization": "spectral"}, "normalization is 'spectral'"),
        ({"order": "middle"}, "order is 'middle'; write one of pre, post"),
        ({"first_input": "x"}, "first_input is 'x'"),
        ({"squeeze_excitation": "all"}, "squeeze_excitation is 'all'"),
        ({"kernel_size": 4}, "kernel_size is 4; write an odd number"),
        ({"kernel_size": 0}, "kernel_size is 0"),
        ({"cardinality": 2.0}, "cardinality is 2.0"),
        ({"reduction": "16"}, "reduction is '16'"),
        ({"topology": "no-residual", "squeeze_excitation": "identity"}, "no-residual has no place"),
    ],
)
def test_impossible_blocks_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Block(**fields)


@pytest.mark.parametrize(
    ("scales", "cardinality", "base_width"), [(1, 1, 160), (1, 4, 60), (8, 1, 35), (8, 4, 10), (8, 8, 5)]
)
def test_base_widths_of_the_paper(scales: int, cardinality: int, base_width: int) -> None:
    assert balanced_base_width(scales, cardinality) == base_width


@pytest.mark.parametrize("scales", [1, 2, 4, 8])
@pytest.mark.parametrize("cardinality", [1, 2, 4, 8])
def test_balanced_blocks_have_the_parameters_of_the_bottleneck(scales: int, cardinality: int) -> None:
    base_width = balanced_base_width(scales, cardinality)
    fields = {"topology": "robust-res-block", "scales": scales, "cardinality": cardinality}
    planes = 1600  # divisible by 160, so that no width is rounded

    def weights(width: int) -> int:
        block = Block(**fields, base_width=width)
        with torch.device("meta"):
            module = block.type.constructor(block)(4 * planes, planes, 1)
        return sum(p.numel() for p in module.parameters() if p.dim() == 4)

    target = 17 * planes**2
    assert weights(base_width) == pytest.approx(target, rel=0.1)
    for neighbour in (base_width - 1, base_width + 1):
        assert abs(weights(base_width) - target) <= abs(weights(neighbour) - target)


@given(st.integers(1, 4096), st.integers(1, 200), st.sampled_from([1, 2, 4, 8]))
def test_chunks_divide_into_their_groups(planes: int, base_width: int, cardinality: int) -> None:
    width = chunk_width(planes, base_width, cardinality)
    assert width >= cardinality
    assert width % cardinality == 0
    assert width == max(math.floor(planes * (base_width / 160)), 1) * cardinality


def test_columns_are_the_blocks_fields() -> None:
    columns = BlockColumns.of(ROBUST_RES_BLOCK)
    assert columns.types == (ROBUST_RES_BLOCK.type,)
    assert columns.pre.tolist() == [True]
    assert (columns.scales.tolist(), columns.cardinality.tolist(), columns.base_width.tolist()) == ([8], [4], [10])
    three = columns[np.array([0, 0, 0])]
    assert three.kernel_size.tolist() == [3, 3, 3]
    assert three.types == columns.types


def test_the_channels_of_a_scale_are_rounded_as_in_the_released_code() -> None:
    # floor(240 * (82 / 160)) in floating point; in whole numbers it would be 123.
    assert chunk_width(240, 82, 1) == 122
    network = ResidualNetwork((1, 1, 1), (240, 28, 16), (Block(topology="robust-res-block", base_width=82),))
    with torch.device("meta"):
        module = network.build(10, (3, 8, 8))
    assert module.blocks[0].layer[0].conv1.out_channels == 122
    assert measured_cost(module, (3, 8, 8)) == network.cost((3, 8, 8), 10)
