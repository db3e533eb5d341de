"""The RobNet space: conformance with shared codes and codes of each cell, and the rules of its canonical form."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.robnet import RobNetSettings, RobNetSpace

NAMES = {"none": "00", "identity": "10", "sep_conv": "01", "both": "11"}


def make(shape: Shape = (3, 32, 32), **settings: Any) -> RobNetSpace:
    return RobNetSpace(RobNetSettings(**settings), shape, 10)


class TestShared(SearchSpaceConformance):
    built = 4

    def make(self, **settings: Any) -> RobNetSpace:
        return make(layers=8, **settings)


class TestEachCellItsOwn(SearchSpaceConformance):
    built = 4

    def make(self, **settings: Any) -> RobNetSpace:
        return make((1, 8, 16), shared=False, layers=4, channels=[8, 4], **settings)


class TestImageNetStem(SearchSpaceConformance):
    built = 4

    def make(self, **settings: Any) -> RobNetSpace:
        return make((3, 64, 64), layers=5, channels=[4, 6, 8], stem="imagenet", **settings)


@pytest.mark.parametrize("name", ["large", "free", "small-stand-in", "medium-stand-in"])
def test_holds_the_published_networks(name: str) -> None:
    network = RobNetwork(CODES[name])
    space = make(shared=len(CODES[name]) == 1)
    genome = space.encode(network)
    costs = space.cost(genome[None])
    assert Cost(int(costs.params[0]), int(costs.flops[0])) == network.cost((3, 32, 32), 10)
    if name == "large":
        # Its nodes have no other order; the free cells' have, and are another description of the same network.
        assert space.decode(genome) == network


def test_edges_from_a_node_that_nothing_flows_into_are_idle() -> None:
    space = make()
    # Node 2 receives nothing, node 3 reads node 2 alone, node 4 reads node 3: all three are empty.
    genome = encode(space, {"2-3": "both", "3-4": "sep_conv", "0-5": "identity", "4-5": "identity"})
    values = space.parameters(space.decode(genome))
    (kept,) = [name for name, value in values.items() if value != "none"]
    assert values[kept] == "identity"
    assert kept.startswith("0-")
    idle = {v.name for v in space.variables} - set(values)
    assert idle == {v.name for v in space.variables if v.name[0] not in ("0", "1", kept[-1])}


def encode(space: RobNetSpace, edges: dict[str, str]) -> np.ndarray:
    return np.array([v.choices.index(edges.get(v.name, "none")) for v in space.variables], dtype=np.int64)


def test_cells_that_differ_in_the_numbering_of_nodes_are_one() -> None:
    space = make()
    first = encode(space, {"0-2": "both", "0-3": "sep_conv", "3-4": "identity", "1-5": "both"})
    second = encode(space, {"0-3": "both", "0-2": "sep_conv", "2-5": "identity", "1-4": "both"})
    assert space.decode(first) == space.decode(second)


def test_equal_codes_of_all_cells_are_a_shared_code() -> None:
    space = make(shared=False, layers=4)
    code = make(layers=4).decode(make(layers=4).uniform(1, np.random.default_rng(0))[0])
    assert space.decode(space.encode(code)) == code


def test_published_notation() -> None:
    assert make().parse("11 11 | 11 11 11 | 01 11 01 10 | 11 01 01 01 11") == RobNetwork(CODES["large"])
    assert make(shared=False).parse(", ".join(CODES["free"])) == RobNetwork(CODES["free"])
    with pytest.raises(InputError, match="not 28 binary digits"):
        make().parse("11 11")


LARGE = "11 11 | 11 11 11 | 01 11 01 10 | 11 01 01 01 11"


def test_every_digit_of_a_code_counts() -> None:
    places = [place for place, digit in enumerate(LARGE) if digit in "01"]
    texts = [LARGE[:place] + str(1 - int(LARGE[place])) + LARGE[place + 1 :] for place in places]
    assert len({make().parse(text) for text in (LARGE, *texts)}) == 1 + 28
    assert make().parse(LARGE.replace(" | ", " ")) == make().parse(LARGE.replace(" ", "")) == make().parse(LARGE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("11 11 | 11", "11 | 11 11"),
        ("11 11 |", "11 11 | |"),
        ("11 11 |", "1 1 11 |"),
        ("11 11 |", "11 |"),
        (" 11 11 11 |", " 11 111 1 |"),
    ],
)
def test_what_is_no_code_is_refused(old: str, new: str) -> None:
    with pytest.raises(InputError, match="RobNet code"):
        make().parse(LARGE.replace(old, new, 1))
    with pytest.raises(InputError):
        make().parse(f"{LARGE},")


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (VGG(), "no architecture of kind 'vgg'"),
        (RobNetwork(CODES["large"], layers=21), "contains layers 20, not 21"),
        (RobNetwork(CODES["large"], channels=40), "contains channels 36, not 40"),
        (RobNetwork(CODES["large"], stem="imagenet"), "contains stem cifar, not imagenet"),
        (RobNetwork(CODES["free"]), "set shared: false"),
    ],
)
def test_networks_of_other_spaces(network: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make().encode(network)


def test_narrowed_away() -> None:
    space = make(narrow={"0-2": ["none"]})
    with pytest.raises(InputError, match="narrowed to none in '0-2'"):
        space.encode(RobNetwork(CODES["large"]))


@pytest.mark.parametrize("settings", [{"layers": 10**9}, {"channels": [10**9]}])
def test_sizes_beyond_all_use_are_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(settings))}.*: input should be less than or equal to"):
        make(**settings)


def test_images_that_no_network_can_take() -> None:
    with pytest.raises(InputError, match="multiples of 4"):
        make((3, 30, 32))
