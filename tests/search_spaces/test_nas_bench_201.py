"""The space nas-bench-201: conformance, notation, and the rows of a real table."""

import csv
import gzip
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.nas_bench_201 import OPERATIONS, NASBench201Cell, unique_string
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.nas_bench_201 import NASBench201, NASBench201Settings

TABLE = Path(os.environ.get("RNAS_TEST_DATA", "")) / "nas_robbench_201_cifar10.csv.gz"


def make(**settings: Any) -> NASBench201:
    return NASBench201(NASBench201Settings(**settings), (3, 32, 32), 10)


class TestConformance(SearchSpaceConformance):
    def make(self, **settings: Any) -> NASBench201:
        return make(**settings)


class TestSmallNetworks(SearchSpaceConformance):
    def make(self, **settings: Any) -> NASBench201:
        return NASBench201(NASBench201Settings(channels=4, cells=1, **settings), (1, 8, 8), 10)


def digits(architecture: arch.Architecture) -> str:
    assert isinstance(architecture, NASBench201Cell)
    return "".join(str(OPERATIONS.index(name)) for name in architecture.operations)


def test_all_genomes_fall_on_6466_networks() -> None:
    space = make()
    assert space.size == 15_625
    assert space.enumeration is not None
    assert len(space.enumeration) == 6466


@pytest.mark.skipif(not TABLE.is_file(), reason="RNAS_TEST_DATA names no folder with nas_robbench_201_cifar10.csv.gz")
def test_every_row_of_the_real_table_is_one_network_of_the_space() -> None:
    space = make()
    with gzip.open(TABLE, "rt") as file:
        rows = list(csv.DictReader(file))
    genomes = np.array([space.encode(space.parse(row["cell"])) for row in rows])
    assert len(rows) == 6466
    assert np.array_equal(np.unique(genomes, axis=0), space.enumeration)
    # The benchmark counts the cell that it trained; the space the cheapest that computes the same.
    reported = np.array([float(row["flops_m"]) for row in rows])
    counted = space.cost(genomes).flops / 1e6
    assert (counted <= reported + 0.01).all()
    assert 0.9 < np.isclose(counted, reported, atol=0.01).mean() < 1


def test_a_network_is_the_cheapest_cell_that_computes_the_same() -> None:
    space = make()
    assert digits(space.parse("333000")) == "000000"
    rng = np.random.default_rng(0)
    for genome in rng.integers(0, 5, size=(50, 6)):
        raw = NASBench201Cell(tuple(OPERATIONS[index] for index in genome))
        held = space.decode(genome)
        assert isinstance(held, NASBench201Cell)
        assert unique_string(held.operations) == unique_string(raw.operations)
        assert held.cost((3, 32, 32), 10).flops <= raw.cost((3, 32, 32), 10).flops


def test_three_notations_of_one_cell() -> None:
    space = make()
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    cell = space.parse("421211")
    assert space.parse(text) == cell
    assert space.parse(f" {arch.to_json(cell)} ") == cell
    assert digits(space.parse("014133")) == digits(space.decode(np.array([0, 1, 4, 1, 3, 3])))


def test_every_part_of_the_benchmarks_text_counts() -> None:
    space = make()
    text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    found = [space.parse(text)]
    found += [
        space.parse(text[: part.start()] + "avg_pool_3x3" + text[part.end() :])
        for part in re.finditer("nor_conv_3x3", text)
    ]
    assert len(set(found)) == 1 + 6
    for place in range(len(text)):
        for changed in (text[:place] + text[place + 1 :], text[:place] + "1" + text[place:]):
            with pytest.raises(InputError, match="is not a cell"):
                space.parse(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42121",
        "4212111",
        "421215",
        "|none~0|+|none~0|none~0|+|none~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|",
        "x",
        "|max_pool_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="six digits"):
        make().parse(text)


def test_narrowing_does_not_change_a_network_s_name() -> None:
    """An architecture has one key, whatever else the space holds."""
    wide, narrow = make(), make(narrow={"in-1": ["nor_conv_3x3"], "1-out": ["none", "skip_connect"]})
    assert narrow.enumeration is not None
    for genome in narrow.enumeration[::40]:
        architecture = narrow.decode(genome)
        assert wide.decode(wide.encode(architecture)) == architecture
        assert (narrow.encode(architecture) == genome).all()


def test_what_the_space_does_not_hold_is_refused() -> None:
    with pytest.raises(InputError, match="does not contain 000000"):
        make(narrow={"in-out": ["nor_conv_3x3"]}).encode(NASBench201Cell((OPERATIONS[0],) * 6))
    with pytest.raises(InputError, match="000000 instead of 333000"):
        make().encode(NASBench201Cell(tuple(OPERATIONS[index] for index in (3, 3, 3, 0, 0, 0))))
    with pytest.raises(InputError, match="set channels and cells"):
        make().encode(NASBench201Cell((OPERATIONS[0],) * 6, channels=8))


def test_path_features_are_of_what_reaches_the_output() -> None:
    """Cells that differ only in an edge that no path uses differ in the one-hot features alone."""
    space = make()
    genomes = np.array([space.encode(space.parse(text)) for text in ("000300", "301300", "300331")])
    paths = space.features(genomes)[:, 30:70]
    assert paths.sum(axis=1).tolist() == [0.25, 0.25, 0.5]
