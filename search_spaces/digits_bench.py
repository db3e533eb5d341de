"""Search residual networks with known robustness: a whole search takes seconds, offline.

The space has 1,296 small networks of ``robust-resnet``: every depth and widening of three stages on a small grid, three
block topologies, two activations. 1,063 of them, drawn at random, were trained adversarially on the digits with two
seeds. The package contains the table of results, and networks outside it are not searched. The space is for tests,
teaching and research on search methods. It is no evidence about natural images. ``benchmarks/search/digits_bench.py``
made the table and reports how far the two seeds agree.
"""

import re
from functools import cache
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from rnas.errors import InputError
from rnas.nas.space import SpaceSettings
from rnas.networks.architecture import Architecture, Shape
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace

INPUT_SHAPE = (1, 8, 8)
NUM_CLASSES = 10

TRAINING: dict[str, Any] = {
    "data": "digits",
    "recipe": {"name": "short-sat", "learning_rate": 0.1},
    "eps": "3/20",
    "fidelity": {"epochs": 4, "batch_size": 64, "attack_steps": 2, "attack_step": "3/4"},
    "images": {"search_val": 450, "test": 450},
    "evaluation": {"steps": 4, "step": "3/8"},
}
"""Training and attack of every network in the table, in the form ``evaluator: {train: ...}``."""


class DigitsBenchSettings(RobustResNetSettings):
    """Set ``digits-bench`` with the settings of ``robust-resnet``, at the values of the table."""

    upsample: PositiveInt | None = 1
    depths: tuple[PositiveInt, ...] = Field((1, 2, 3), min_length=1)
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field((1, 2), min_length=1)
    base_channels: tuple[PositiveInt, ...] = (4, 8, 16)
    stem_width: tuple[PositiveInt, ...] = Field((8,), min_length=1)
    topology: tuple[str, ...] = Field(("basic", "bottleneck", "robust-res-block"), min_length=1)
    order: tuple[str, ...] = Field(("pre",), min_length=1)
    first_input: tuple[str, ...] = Field(("raw",), min_length=1)
    kernel_size: tuple[PositiveInt, ...] = Field((3,), min_length=1)
    cardinality: tuple[PositiveInt, ...] = Field((1,), min_length=1)
    scales: tuple[PositiveInt, ...] = Field((2,), min_length=1)
    squeeze_excitation: tuple[str, ...] = Field(("none",), min_length=1)
    reduction: tuple[PositiveInt, ...] = Field((16,), min_length=1)
    activation: tuple[str, ...] = Field(("relu", "silu"), min_length=1)
    normalization: tuple[str, ...] = Field(("batch",), min_length=1)


class DigitsBenchSpace(RobustResNetSpace):
    """Search the networks of the table; evaluator ``digits-bench`` has their results."""

    name = "digits-bench"
    summary = "1,063 residual networks for digits whose robustness is known: a search takes seconds"
    Settings: ClassVar[type[SpaceSettings]] = DigitsBenchSettings
    usual_images: ClassVar[tuple[Shape, int]] = INPUT_SHAPE, NUM_CLASSES

    def parse(self, text: str) -> Architecture:
        """Parse eight digits such as ``21102101``, the notation of ``robust-resnet``, or JSON.

        Each digit is the index of a choice, in the order of the variables and choices of the space before narrowing:
        depths of the three stages, their widenings, topology, activation.
        """
        if re.fullmatch("[0-9]+", text.strip()) is None:
            return super().parse(text)
        return _network(text.strip())


@cache
def _whole() -> DigitsBenchSpace:
    """Return the space without narrowing, as in the table."""
    return DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)


# The result is cached because every process of a search reads the whole table, some more than once.
@cache
def _network(digits: str) -> Architecture:
    space, genome = _whole(), np.array([int(digit) for digit in digits])
    if len(genome) != len(space.sizes) or (genome >= space.sizes).any():
        known = ", ".join(f"{variable.name} 0 to {len(variable.choices) - 1}" for variable in space.variables)
        raise InputError(f"{digits!r} is not a network of space {space.name!r}; its digits are {known}")
    return space.decode(genome)
