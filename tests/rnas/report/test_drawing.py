from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.networks.architecture import to_dict
from rnas.networks.nas_bench_201 import OPERATIONS, NASBench201Cell
from rnas.report._drawing import draw

SVG = "{http://www.w3.org/2000/svg}"
ROBUST_RES_NET_A1 = {
    "kind": "residual",
    "depths": [14, 14, 7],
    "channels": [80, 224, 192],
    "blocks": [
        {
            "topology": "robust-res-block",
            "cardinality": 4,
            "scales": 8,
            "base_width": 10,
            "squeeze_excitation": "residual",
            "reduction": 64,
        }
    ],
}


def texts(drawing):
    return [element.text for element in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def blocks(drawing, stage):
    """Rectangles of one stage, its two shares aside."""
    found = ElementTree.fromstring(drawing).iter(f"{SVG}rect")
    return [rect for rect in found if rect.get("class") == f"stage-{stage}" and rect.get("height") != "7"]


def test_residual_network_shows_depths_widths_and_shares():
    drawing = draw(ROBUST_RES_NET_A1)
    shown = texts(drawing)
    assert [len(blocks(drawing, stage)) for stage in (1, 2, 3)] == [14, 14, 7]
    sizes = {"D 14 \u00b7 W 5\u00d716", "D 14 \u00b7 W 7\u00d732", "D 7 \u00b7 W 3\u00d764"}
    assert {*sizes, "80 channels", "224 channels", "192 channels"} <= set(shown)
    assert shown[shown.index("D1 : D2 : D3") + 1] == "2 : 2 : 1"
    assert shown[shown.index("W1 : W2 : W3") + 1] == "1.67 : 2.33 : 1"
    assert "RobustResBlock, ReLU, cardinality 4, scales 8, base width 10, residual SE /64" in shown


def test_height_of_a_block_is_proportional_to_the_channels():
    heights = [float(blocks(draw(ROBUST_RES_NET_A1), stage)[0].get("height")) for stage in (1, 2, 3)]
    assert heights == pytest.approx([100 * c / 224 for c in (80, 224, 192)], abs=0.01)


def test_fields_left_out_are_at_their_default():
    shown = texts(draw({"kind": "residual", "depths": [2, 2, 1], "channels": [16, 32, 64]}))
    assert "basic, ReLU" in shown
    assert "stem 16" in shown
    assert shown.count("3\u00d73") == 2
    assert shown.count("BN · ReLU") == 2


@pytest.mark.parametrize(
    ("block", "layers"),
    [
        ({}, ["BN · ReLU", "3x3", "BN · ReLU", "3x3", "+"]),
        ({"order": "post"}, ["3x3", "BN · ReLU", "3x3", "BN", "+", "ReLU"]),
        ({"topology": "no-residual", "activation": "silu"}, ["BN · SiLU", "3x3", "BN · SiLU", "3x3"]),
        ({"topology": "bottleneck"}, ["1x1", "BN · ReLU", "3x3", "BN · ReLU", "1x1", "+"]),
        (
            {"topology": "bottleneck", "first_input": "activated", "squeeze_excitation": "conv3x3"},
            ["BN · ReLU", "1x1", "BN · ReLU", "3x3", "BN · ReLU", "SE /16", "1x1", "+"],
        ),
        (
            {"topology": "inverted-bottleneck", "normalization": "layer", "squeeze_excitation": "standard"},
            ["LN · ReLU", "1x1, x4", "LN · ReLU", "3x3 depthwise", "LN · ReLU", "1x1", "SE /16", "+"],
        ),
        (
            {"topology": "robust-res-block", "cardinality": 4, "squeeze_excitation": "residual", "reduction": 64},
            ["1x1", "BN · ReLU", "3x3, 4 groups", "BN · ReLU", "1x1", "residual SE /64", "+"],
        ),
        ({"topology": "of-mine"}, ["of-mine", "+"]),
    ],
)
def test_layers_of_a_block_are_drawn_in_their_order(block, layers):
    shown = texts(draw({"kind": "residual", "depths": [1, 1], "channels": [16, 32], "blocks": [block]}))
    drawn = [text.replace("\u00d7", "x") for text in shown[shown.index("block") + 2 :]]
    assert sorted(drawn) == sorted(layers)
    assert [text for text in drawn if text != "+"] == [text for text in layers if text != "+"]


def test_different_blocks_are_drawn_with_their_stages():
    stages = {"depths": [1, 1, 1], "channels": [16, 32, 64]}
    shown = texts(draw({"kind": "residual", **stages, "blocks": [{}, {"activation": "mish"}, {}]}))
    assert shown[shown.index("stage 1, 3") + 1] == "basic, ReLU"
    assert shown[shown.index("stage 2") + 1] == "basic, Mish"


def test_cell_shows_its_six_operations():
    cell = NASBench201Cell(tuple(OPERATIONS[code] for code in (3, 1, 2, 0, 4, 3)))
    drawing = draw(to_dict(cell))
    shown = texts(drawing)
    assert shown[:6] == ["conv 3\u00d73", "skip", "conv 1\u00d71", "none", "avg pool", "conv 3\u00d73"]
    assert shown[6:] == ["in", "1", "2", "out"]
    assert len(list(ElementTree.fromstring(drawing).iter(f"{SVG}path"))) == 6


@pytest.mark.parametrize(
    "architecture",
    [
        {"kind": "darts", "normal": [["skip", 0]]},
        {"kind": "nas-bench-201", "operations": ["pool", *["none"] * 5]},
        {"kind": "residual", "depths": [1, 2], "channels": [16]},
    ],
)
def test_anything_else_is_a_list_of_its_fields(architecture):
    listing = ElementTree.fromstring(draw(architecture))
    assert listing.tag == "dl"
    assert [name.text for name in listing.iter("dt")] == list(architecture)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(categories=("L", "P", "S"))),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(st.characters(categories=("L", "P", "S")), min_size=1), json_values, max_size=4))
def test_whatever_it_holds_is_escaped(fields):
    ElementTree.fromstring(draw({"kind": "mine", **fields}))


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 2000)), min_size=2, max_size=4),
    st.integers(1, 4),
    st.sampled_from(["basic", "robust-res-block", "<b>"]),
)
def test_blocks_of_any_size_stay_inside_the_drawing(stages, upsample, topology):
    depths, channels = map(list, zip(*stages, strict=True))
    architecture = {
        "kind": "residual",
        "depths": depths,
        "channels": channels,
        "upsample": upsample,
        "blocks": [{"topology": topology}],
    }
    root = ElementTree.fromstring(draw(architecture))
    _, _, width, height = map(float, root.get("viewBox").split())
    for rect in root.findall(f"{SVG}rect"):
        x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert w > 0
        assert h > 0
        assert x + w <= width
        assert y + h <= height
