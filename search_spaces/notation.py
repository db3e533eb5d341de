"""Parse a short notation of residual networks, such as ``D 4-4-2 W 10-10-4``.

It has depths after ``D`` and widenings after ``W``, a number for each stage. Then come the name of a topology and
``name=value`` for fields of :class:`rnas.networks.Block` and ``stem_width``, if they differ from a WideResNet's:
``D 14-14-7 W 5-7-3 robust-res-block activation=silu``. ``robust-res-block`` alone is the published block: 8 scales,
cardinality 4, residual squeeze-and-excitation by 64. If scales or cardinality are given without a base width, the base
width is the one that keeps the bottleneck's parameters.
"""

import dataclasses
import re
from typing import Any

from rnas.errors import InputError
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK, balanced_base_width
from rnas.networks.residual import ResidualNetwork
from rnas.utils.quantities import parse_number

_STAGES = re.compile(r"\s*D\s+(\S+)\s+W\s+(\S+)\s*(.*)")
_EXAMPLE = "write D 4-4-4 W 10-10-10, then a topology and name=value as needed, or JSON"
_BLOCK_FIELDS = {field.name: field.type for field in dataclasses.fields(Block) if field.name != "topology"}


def parse(text: str, base_channels: tuple[int, ...], upsample: int) -> ResidualNetwork:
    """Return the network of a text; planes are base channels times widenings. Raise InputError for other texts."""
    match = _STAGES.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a residual network; {_EXAMPLE}")
    depths, widths = (_numbers(part, text, len(base_channels)) for part in match.groups()[:2])
    planes = [width * base for width, base in zip(widths, base_channels, strict=True)]
    if any(value != int(value) for value in [*depths, *planes]):
        raise InputError(f"{text!r}: depths and the planes of each stage must be whole numbers")
    words = match.group(3).split()
    topologies = [word for word in words if "=" not in word] or ["basic"]
    if len(topologies) > 1:
        raise InputError(f"{text!r} names two topologies: {', '.join(topologies)}; write one")
    pairs = [word.split("=", 1) for word in words if "=" in word]
    settings = dict(pairs)
    if len(settings) < len(pairs):
        raise InputError(f"{text!r} names a setting twice; write it once")
    stem_width = _whole("stem_width", settings.pop("stem_width", str(ResidualNetwork.stem_width)))
    return ResidualNetwork(
        depths=tuple(int(depth) for depth in depths),
        channels=tuple(int(value) for value in planes),
        blocks=(_block(topologies[0], settings),),
        stem_width=stem_width,
        upsample=upsample,
    )


def _numbers(part: str, text: str, stages: int) -> list[float]:
    words = part.split("-")
    try:
        numbers = [parse_number(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != stages:
        raise InputError(f"{text!r}: {part!r} is not {stages} numbers joined by '-', one for each stage")
    return numbers


def _block(topology: str, settings: dict[str, str]) -> Block:
    given: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in _BLOCK_FIELDS:
            raise InputError(f"a block has no {name!r}; it has {', '.join(_BLOCK_FIELDS)}")
        given[name] = _whole(name, value) if _BLOCK_FIELDS[name] is int else value
    if topology != ROBUST_RES_BLOCK.topology:
        block = Block(topology=topology, **given)
        block.require(given)
        return block
    base = {name: getattr(ROBUST_RES_BLOCK, name) for name in _BLOCK_FIELDS} | given
    if "base_width" not in given:
        base["base_width"] = balanced_base_width(base["scales"], base["cardinality"])
    block = Block(topology=topology, **base)
    block.require(given)
    return block


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise InputError(f"{name} is {value!r}; write a whole number")
    return int(value)
