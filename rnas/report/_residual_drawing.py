"""Draw a residual network: its stages to scale, their shares of depth and width, and the repeated block."""

from collections.abc import Mapping
from typing import Any

from rnas.report import _svg as svg
from rnas.report._block_drawing import ROW_HEIGHT, draw_block
from rnas.report._description import describe
from rnas.report._residual_stages import ACTIVATIONS, DrawnStage, ratio, stages_of

_WIDTH = 680.0
_MIDDLE, _TALLEST, _SHORTEST = 74.0, 100.0, 6.0
_STEM, _FIRST, _END = 66.0, 96.0, 626.0
_SLOT, _WIDEST, _GAP = 116.0, 20.0, 2.0
_SHARES, _BLOCKS = 184.0, 236.0
_COLOURS = ("#2f6fb3", "#2c8c83", "#c27a1c", "#8a5aa8")


def draw_residual(architecture: Mapping[str, Any]) -> str:
    """Return the SVG of a residual network, left to right from image to classifier.

    A rectangle is a block; its height is proportional to the stage's channels.
    """
    stages = stages_of(architecture)
    rows = [
        draw_block(name, block, _BLOCKS + row * ROW_HEIGHT, _WIDTH) for row, (name, block) in enumerate(_blocks(stages))
    ]
    parts = [_stem(architecture, stages), _stages(stages), _head(architecture), *_shares(stages), *rows]
    label = f"Residual network: {describe(architecture)}"
    return svg.document(label, _WIDTH, _BLOCKS + ROW_HEIGHT * len(rows), parts)


def _blocks(stages: list[DrawnStage]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the different blocks, each with the stages that repeat it."""
    users: list[tuple[Mapping[str, Any], list[int]]] = []
    for number, stage in enumerate(stages, 1):
        numbers = next((numbers for block, numbers in users if block == stage.block), None)
        if numbers is None:
            users.append((stage.block, [number]))
        else:
            numbers.append(number)
    if len(users) == 1:
        return [("block", users[0][0])]
    return [(f"stage {', '.join(map(str, numbers))}", block) for block, numbers in users]


def _colour(at: int) -> dict[str, str | float]:
    """Return the attributes of a stage's shapes: a class for the page's colours, and a fill for use without them."""
    return {"class_": f"stage-{at % 4 + 1}", "fill": _COLOURS[at % 4]}


def _height(channels: int, stages: list[DrawnStage]) -> float:
    widest = max(stage.channels for stage in stages)
    return max(_SHORTEST, min(_TALLEST, _TALLEST * channels / widest))


def _stem(architecture: Mapping[str, Any], stages: list[DrawnStage]) -> str:
    width, upsample = architecture.get("stem_width", 16), architecture.get("upsample", 1)
    height = _height(width, stages)
    image = svg.element(
        "rect", x=8, y=_MIDDLE - 13, width=26, height=26, rx=2, fill="none", stroke="currentColor", stroke_width=1.2
    )
    stem = svg.element(
        "rect", x=_STEM, y=_MIDDLE - height / 2, width=9, height=height, fill="currentColor", opacity=0.45
    )
    return (
        svg.line(34, _MIDDLE, _END, _MIDDLE, opacity=0.35)
        + image
        + svg.text("image" if upsample == 1 else f"image \u00d7{upsample}", 8, 142)
        + stem
        + svg.text(f"stem {width}", _STEM + 5, 158, text_anchor="middle", opacity=0.7)
    )


def _stages(stages: list[DrawnStage]) -> str:
    spare = _END - _FIRST - 10 - _SLOT * len(stages)
    total = sum(stage.depth for stage in stages)
    slots = [_SLOT + spare * stage.depth / total for stage in stages]
    pitch = min([_WIDEST, *((slot - 14) / stage.depth for slot, stage in zip(slots, stages, strict=True))])
    gap = min(_GAP, pitch / 4)
    drawn, left = "", _FIRST
    for at, (slot, stage) in enumerate(zip(slots, stages, strict=True)):
        height, centre = _height(stage.channels, stages), left + slot / 2
        start = centre - pitch * stage.depth / 2
        drawn += "".join(
            svg.element(
                "rect",
                x=start + block * pitch,
                y=_MIDDLE - height / 2,
                width=pitch - gap,
                height=height,
                rx=min(1.5, pitch / 5),
                **_colour(at),
            )
            for block in range(stage.depth)
        )
        resolution = "full resolution" if at == 0 else f"1/{2**at}"
        drawn += svg.text(resolution, centre, 14, 11, text_anchor="middle", opacity=0.75)
        size = f"D {stage.depth} \u00b7 W {stage.widening:.3g}\u00d7{stage.unit}"
        drawn += svg.text(size, centre, 142, 13, text_anchor="middle", font_weight=600)
        drawn += svg.text(f"{stage.channels} channels", centre, 158, text_anchor="middle", opacity=0.7)
        left += slot
    return drawn


def _head(architecture: Mapping[str, Any]) -> str:
    activation = architecture.get("head_activation")
    box = svg.element(
        "rect", x=_END, y=_MIDDLE - 22, width=12, height=44, rx=2, fill="none", stroke="currentColor", stroke_width=1.2
    )
    note = f"{ACTIVATIONS.get(activation, activation)}, pool, linear" if activation else "pool, linear"
    return (
        box
        + svg.text("head", _WIDTH - 8, 142, text_anchor="end")
        + svg.text(note, _WIDTH - 8, 158, text_anchor="end", opacity=0.7)
    )


def _shares(stages: list[DrawnStage]) -> list[str]:
    depths, widenings = [float(stage.depth) for stage in stages], [stage.widening for stage in stages]
    return [_share("D", depths, 8, 320), _share("W", widenings, 352, 320)]


def _share(letter: str, values: list[float], left: float, width: float) -> str:
    names = " : ".join(f"{letter}{at}" for at in range(1, len(values) + 1))
    whole = sum(values)
    drawn = svg.text(names, left, _SHARES, 12, opacity=0.7)
    drawn += svg.text(ratio(values), left + width - 2, _SHARES, 13, text_anchor="end", font_weight=600)
    for at, value in enumerate(values):
        part = width * value / whole
        drawn += svg.element("rect", x=left, y=_SHARES + 8, width=max(part - 1.5, 0.5), height=7, **_colour(at))
        drawn += svg.text(f"{100 * value / whole:.0f} %", left + part / 2, _SHARES + 29, 11, text_anchor="middle")
        left += part
    return drawn
