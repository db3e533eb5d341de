import pytest

from rnas.errors import InputError
from rnas.networks.architecture import from_dict, key, to_dict
from rnas.networks.cost import Cost
from rnas.networks.robnet import CODES, EDGES, RobNetwork

NOTHING = "00" * 14
SHAPE = (3, 32, 32)


def with_edge(edge: int, code: str) -> RobNetwork:
    return RobNetwork((NOTHING[: 2 * edge] + code + NOTHING[2 * edge + 2 :],))


def test_edges_follow_the_code() -> None:
    nodes = {2: (0, 1), 3: (0, 1, 2), 4: (0, 1, 2, 3), 5: (0, 1, 2, 3, 4)}
    assert [(source, node) for node, sources in nodes.items() for source in sources] == list(EDGES)


def test_cost_of_single_edges() -> None:
    skeleton = RobNetwork((NOTHING,)).cost(SHAPE, 10)
    assert skeleton == Cost(1_363_222, 227_272_320)
    for edge, (source, _) in enumerate(EDGES):
        conv, kept = (with_edge(edge, code).cost(SHAPE, 10) for code in ("01", "10"))
        assert (conv.params - skeleton.params, conv.flops - skeleton.flops) == (409_536, 60_549_120)
        direct = (25_920, 2_654_208) if source < 2 else (0, 0)
        assert (kept.params - skeleton.params, kept.flops - skeleton.flops) == direct


def test_stand_ins_have_the_published_sizes() -> None:
    # 4.41 and 5.66 million are printed for 100 classes; the second is cut, not rounded.
    small, medium = (RobNetwork(CODES[name]).cost(SHAPE, 100).params for name in ("small-stand-in", "medium-stand-in"))
    assert (small, medium) == (4_411_504, 5_666_032)


def test_published_codes() -> None:
    totals = dict.fromkeys(("11", "10", "01", "00"), 0)
    for code in CODES["free"]:
        for edge in range(14):
            totals[code[2 * edge : 2 * edge + 2]] += 1
    assert totals == {"11": 115, "10": 66, "01": 63, "00": 36}
    assert len(CODES["free"]) == 20
    assert CODES["large"] == ("1111111111011101101101010111",)


def test_equal_codes_are_one_shared_code() -> None:
    shared, repeated = RobNetwork(CODES["large"], layers=4), RobNetwork(CODES["large"] * 4, layers=4)
    assert shared == repeated
    assert key(shared) == key(repeated)
    assert from_dict({**to_dict(shared), "codes": list(CODES["large"]) * 4}) == shared


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"codes": ["1" * 27]}, "not 28 binary digits"),
        ({"codes": ["2" * 28]}, "not 28 binary digits"),
        ({"codes": ["1" * 28, "0" * 28]}, "2 RobNet codes for 20 cells"),
        ({"codes": []}, "0 RobNet codes for 20 cells"),
        ({"codes": ["1" * 28], "layers": 2}, "at least 4"),
        ({"codes": ["1" * 28], "channels": 0}, "at least 1"),
        ({"codes": ["1" * 28], "channels": 5, "stem": "imagenet"}, "needs an even number"),
        ({"codes": ["1" * 28], "stem": "svhn"}, "stem"),
        ({}, "codes"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "robnet", **fields})


@pytest.mark.parametrize(("stem", "side", "fix"), [("cifar", 30, "multiples of 4"), ("imagenet", 100, "32 with")])
def test_images_that_cannot_be_halved(stem: str, side: int, fix: str) -> None:
    network = RobNetwork(CODES["large"], layers=4, channels=2, stem=stem)
    with pytest.raises(InputError, match=fix):
        network.build(10, (3, side, 32))
    with pytest.raises(InputError, match=fix):
        network.cost((3, side, 32), 10)
