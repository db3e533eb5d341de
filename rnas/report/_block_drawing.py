"""Draw a residual block: its layers from left to right, with the identity branch above them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rnas.networks.block import POST, RAW
from rnas.networks.blocks.inverted_bottleneck import INNER_CHANNELS
from rnas.networks.squeeze_excitation import CONV3X3, IDENTITY, RESIDUAL, STANDARD
from rnas.report import _svg as svg
from rnas.report._residual_stages import ACTIVATIONS, NORMALIZATIONS, block_name, block_options

ROW_HEIGHT = 84.0
"""Height of the drawing of one block, in SVG units."""

_TEXT, _CHARACTER, _PADDING, _GAP, _CHIP = 12.0, 6.6, 14.0, 9.0, 24.0

# The size of the title, and the width of a bold letter divided by that size.
_TITLE, _BOLD = 13.0, 0.58


class Layer(NamedTuple):
    """One layer: its name, and whether it is a convolution, which is drawn as a box."""

    name: str
    boxed: bool = False

    @property
    def width(self) -> float:
        """Return the width of its drawing."""
        return len(self.name) * _CHARACTER + (_PADDING if self.boxed else 2)


def layers(block: Mapping[str, Any]) -> list[Layer]:
    """Return the layers of a block's branch in order; an unknown topology is one layer with its name."""
    spatial = _spatial(block)
    if spatial is None:
        return [Layer(str(block["topology"]), boxed=True)]
    activation = ACTIVATIONS.get(block["activation"], block["activation"])
    normalization = NORMALIZATIONS.get(block["normalization"], block["normalization"])
    between = [Layer(f"{normalization} \u00b7 {activation}")]
    gate = Layer(f"SE /{block['reduction']}", boxed=True)
    inner = [gate] if block["squeeze_excitation"] == CONV3X3 else []
    before, after = _around(block, spatial)
    post = block["order"] == POST
    raw = block["first_input"] == RAW and block["topology"] in ("bottleneck", "robust-res-block")
    branch = [] if post or raw else list(between)
    for at, convolution in enumerate([*before, spatial, *after]):
        branch += [*(between if at else []), *(inner if at == len(before) + 1 else []), convolution]
    branch += [Layer(normalization)] if post else []
    if block["squeeze_excitation"] == STANDARD:
        branch.append(gate)
    if block["squeeze_excitation"] == RESIDUAL:
        branch.append(Layer(f"residual SE /{block['reduction']}", boxed=True))
    return branch


def draw_block(name: str, block: Mapping[str, Any], top: float, width: float) -> str:
    """Draw the block in a strip of ``ROW_HEIGHT`` below ``top``, with its name and options above it."""
    described, start = ", ".join([block_name(block), *block_options(block)]), 20 + len(name) * _CHARACTER
    size = min(_TITLE, (width - start) / (len(described) * _BOLD))
    title = svg.text(name, 8, top + 14, 11, opacity=0.75)
    title += svg.text(described, start, top + 14, size, font_weight=600)
    branch, middle = layers(block), top + 60
    left, drawn = 40.0, ""
    for layer in branch:
        drawn += _draw_layer(layer, left, middle)
        left += layer.width + _GAP
    connected = block["topology"] != "no-residual"
    end = left + 8
    wire = svg.line(10, middle, end + 34, middle, opacity=0.35)
    drawn = wire + drawn + (_identity(block, end, middle) if connected else "")
    if block["order"] == POST:
        drawn += _draw_layer(Layer(ACTIVATIONS.get(block["activation"], str(block["activation"]))), end + 20, middle)
        end += 70
    scale = min(1.0, (width - 8) / (end + 40))
    shift = middle * (1 - scale)
    return title + svg.element("g", drawn, transform=f"translate(0 {shift:.2f}) scale({scale:.4f})")


def _spatial(block: Mapping[str, Any]) -> Layer | None:
    kernel = f"{block['kernel_size']}\u00d7{block['kernel_size']}"
    counts = ((block["cardinality"], "groups"), (block["scales"], "scales"))
    names = {
        "basic": kernel,
        "no-residual": kernel,
        "bottleneck": kernel,
        "inverted-bottleneck": f"{kernel} depthwise",
        "robust-res-block": ", ".join([kernel, *(f"{count} {word}" for count, word in counts if count != 1)]),
    }
    name = names.get(block["topology"])
    return None if name is None else Layer(name, boxed=True)


def _around(block: Mapping[str, Any], spatial: Layer) -> tuple[list[Layer], list[Layer]]:
    """Return the convolutions before and after the first spatial one."""
    if block["topology"] in ("basic", "no-residual"):
        return [], [spatial]
    expansion = f", \u00d7{INNER_CHANNELS}" if block["topology"] == "inverted-bottleneck" else ""
    return [Layer(f"1\u00d71{expansion}", boxed=True)], [Layer("1\u00d71", boxed=True)]


def _draw_layer(layer: Layer, left: float, middle: float) -> str:
    shape: dict[str, str | float] = (
        {"fill": "#e8edf3", "class_": "node", "stroke": "currentColor", "stroke_width": 1}
        if layer.boxed
        else {"fill": "#ffffff", "class_": "gap"}
    )
    box = svg.element("rect", x=left, y=middle - _CHIP / 2, width=layer.width, height=_CHIP, rx=4, **shape)
    opacity = 1 if layer.boxed else 0.75
    return box + svg.text(layer.name, left + layer.width / 2, middle + 4, _TEXT, text_anchor="middle", opacity=opacity)


def _identity(block: Mapping[str, Any], end: float, middle: float) -> str:
    """Draw the identity branch from the block's input to the addition at ``end``."""
    high = middle - 27
    up = f"M22 {middle:g} L22 {high + 8:g} Q22 {high:g} 30 {high:g}"
    down = f"L{end - 8:g} {high:g} Q{end:g} {high:g} {end:g} {high + 8:g} L{end:g} {middle - 8:g}"
    drawn = svg.element("path", d=f"{up} {down}", fill="none", stroke="currentColor", stroke_width=1.2, opacity=0.6)
    if block["squeeze_excitation"] == IDENTITY:
        gate = Layer(f"SE /{block['reduction']}", boxed=True)
        drawn += _draw_layer(gate, (22 + end - gate.width) / 2, high)
    circle = svg.element(
        "circle", cx=end, cy=middle, r=8, class_="node", fill="#e8edf3", stroke="currentColor", stroke_width=1.2
    )
    return drawn + circle + svg.text("+", end, middle + 4.5, 14, text_anchor="middle")
