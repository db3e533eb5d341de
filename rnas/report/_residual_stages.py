"""Read the stages of a residual network from its JSON, since a report must not need the classes of its run."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnas.networks._bounds import MOST_LAYERS
from rnas.networks.block import Block

BLOCK_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in dataclasses.fields(Block)}

ACTIVATIONS = {
    "relu": "ReLU",
    "silu": "SiLU",
    "gelu": "GELU",
    "softplus": "Softplus",
    "mish": "Mish",
    "elu": "ELU",
    "leaky-relu": "LeakyReLU",
    "prelu": "PReLU",
}
NORMALIZATIONS = {"batch": "BN", "group": "GN", "instance": "IN", "layer": "LN"}
_TOPOLOGIES = {
    "inverted-bottleneck": "inverted bottleneck",
    "robust-res-block": "RobustResBlock",
    "no-residual": "no residual",
}
_UNIT_WIDTH = 16
_MOST_STAGES = 8


@dataclass(frozen=True)
class DrawnStage:
    """One stage.

    Attributes:
        depth: number of blocks (D).
        channels: number of planes.
        unit: planes at widening 1: 16 for the first stage, 32 for the second and so on, whatever unit a space has.
        block: all fields of its block, including those at their defaults.
    """

    depth: int
    channels: int
    unit: int
    block: Mapping[str, Any]

    @property
    def widening(self) -> float:
        """Return the planes in these units (W)."""
        return self.channels / self.unit


def is_residual(architecture: Mapping[str, Any]) -> bool:
    """Return whether this is a residual network whose stages can be read."""
    depths: Any = architecture.get("depths")
    channels: Any = architecture.get("channels")
    blocks = architecture.get("blocks", [{}])
    return (
        architecture.get("kind") == "residual"
        and _positive_integers(depths)
        and _positive_integers(channels)
        and len(depths) == len(channels) <= _MOST_STAGES
        and sum(depths) <= MOST_LAYERS
        and isinstance(blocks, list)
        and len(blocks) in (1, len(depths))
        and all(isinstance(block, Mapping) for block in blocks)
    )


def stages_of(architecture: Mapping[str, Any]) -> list[DrawnStage]:
    """Return the stages of an architecture for which :func:`is_residual` is true."""
    depths, channels = architecture["depths"], architecture["channels"]
    blocks = architecture.get("blocks", [{}])
    blocks = blocks * (len(depths) // len(blocks))
    return [
        DrawnStage(depth, planes, _UNIT_WIDTH * 2**at, {**BLOCK_DEFAULTS, **block})
        for at, (depth, planes, block) in enumerate(zip(depths, channels, blocks, strict=True))
    ]


def block_name(block: Mapping[str, Any]) -> str:
    """Return topology and activation of a block as text."""
    topology = _TOPOLOGIES.get(block["topology"], block["topology"])
    return f"{topology}, {ACTIVATIONS.get(block['activation'], block['activation'])}"


def block_options(block: Mapping[str, Any]) -> list[str]:
    """Return the fields of a block that are not at their defaults, as texts."""
    words = {
        "normalization": "{} normalization",
        "order": "{}-activation",
        "first_input": "{} first input",
        "kernel_size": "{0}\u00d7{0}",
        "squeeze_excitation": "{{}} SE /{reduction}".format(reduction=block["reduction"]),
        "equal_width_shortcut": "{} equal-width shortcut",
    }
    named = ("topology", "activation", "reduction")
    return [
        words.get(name, f"{name.replace('_', ' ')} {{}}").format(value)
        for name, value in block.items()
        if name not in named and value != BLOCK_DEFAULTS.get(name)
    ]


def ratio(values: list[float]) -> str:
    """Format values relative to the last one, as in scaling rules: ``2 : 2.5 : 1``."""
    return " : ".join(f"{value / values[-1]:.3g}" for value in values)


def _positive_integers(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, int) and v > 0 for v in values)
