"""Define the space of the RobustResNets: depths, widths and all settings of the block.

It contains everything that "Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR
2023) varied one factor at a time: WideResNets, RobustResNets and all networks between them.
"""

from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.space import Choice, SpaceSettings
from rnas.networks.architecture import Shape
from rnas.networks.block import POST, PRE, Block, BlockColumns
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import ResidualNetwork
from rnas.networks.residual_cost import stage_outputs, stage_sizes
from rnas.networks.squeeze_excitation import PLACEMENTS
from search_spaces.block_variables import BLOCK_VARIABLES, ORDERED, BlockVariables
from search_spaces.staged import Choices, StagedSettings, StagedSpace

_STUDIED = ("relu", "silu", "gelu", "softplus", "mish", "prelu", "two-slope")


class RobustResNetSettings(StagedSettings):
    """Set ``robust-resnet``; a list contains the choices of the variable with its name."""

    blocks_per_stage: bool = False
    """Whether each stage has its own block variables, numbered like its depth."""
    stem_width: tuple[PositiveInt, ...] = Field((16, 32, 64), min_length=1)
    """Channels of the stem."""
    topology: tuple[str, ...] = Field(
        ("basic", "bottleneck", "inverted-bottleneck", "robust-res-block", "no-residual"), min_length=1
    )
    """Names of block types."""
    order: tuple[str, ...] = Field((PRE, POST), min_length=1)
    """Place of normalisation and activation: ``pre``, before each convolution, or ``post``, after it."""
    first_input: tuple[str, ...] = Field(("raw", "activated"), min_length=1)
    """Input of the first convolution of a bottleneck or RobustResBlock with pre-activation: raw or activated."""
    kernel_size: tuple[PositiveInt, ...] = Field((3, 5, 7), min_length=1)
    """Odd sides of the spatial convolutions."""
    cardinality: tuple[PositiveInt, ...] = Field((1, 2, 4, 8), min_length=1)
    """Groups of the spatial convolution of a RobustResBlock."""
    scales: tuple[PositiveInt, ...] = Field((1, 2, 4, 8), min_length=1)
    """Chunks of the hierarchical convolution of a RobustResBlock."""
    squeeze_excitation: tuple[str, ...] = Field(PLACEMENTS, min_length=1)
    """Places of squeeze-and-excitation."""
    reduction: tuple[PositiveInt, ...] = Field((16, 64), min_length=1)
    """Divisors of the channels that give the hidden units of squeeze-and-excitation."""
    activation: tuple[str, ...] = Field(_STUDIED, min_length=1)
    """Names of activations; by default those that papers on robust networks compare."""
    normalization: tuple[str, ...] = Field(tuple(NORMALIZATIONS), min_length=1)
    """Names of normalisations."""

    @model_validator(mode="after")
    def _blocks_exist(self) -> "RobustResNetSettings":
        for name in BLOCK_VARIABLES:
            for choice in getattr(self, name):
                Block(**{name: choice})
        return self


class RobustResNetSpace(StagedSpace):
    """Search residual networks over depths, widths, stem and block.

    A RobustResBlock's base width is not a variable: it is the one that keeps the bottleneck's parameters for its scales
    and cardinality. A choice that cannot run is replaced by the first choice, in the settings' order, that can. This
    concerns instance normalisation on maps of 1x1, and squeeze-and-excitation on the identity of a block without one.
    If no choice can run, creating the space raises InputError.
    """

    name = "robust-resnet"
    summary = "depths, widths and blocks of residual networks, WideResNets and RobustResNets among them"
    Settings: ClassVar[type[SpaceSettings]] = RobustResNetSettings
    settings: RobustResNetSettings

    def __init__(self, settings: SpaceSettings, input_shape: Shape, num_classes: int) -> None:
        super().__init__(settings, input_shape, num_classes)
        self.canonical(np.zeros((1, len(self.variables)), dtype=np.int64))  # refuses what can never run

    def choices(self) -> dict[str, tuple[Choices, bool]]:
        """Return the choices of depths, widths, stem and block."""
        block = {name: (getattr(self.settings, name), name in ORDERED) for name in BLOCK_VARIABLES}
        named = {name + suffix: choice for suffix in self.suffixes for name, choice in block.items()}
        return self.stage_choices() | {"stem_width": (self.settings.stem_width, True)} | named

    @property
    def suffixes(self) -> list[str]:
        """Return the endings of the names of block variables: empty for a shared block, else the stages' numbers."""
        return [str(stage) for stage in self.stages] if self.settings.blocks_per_stage else [""]

    @cached_property
    def block_variables(self) -> list[BlockVariables]:
        """Return the block variables, by suffix."""
        sizes = stage_sizes(self.input_shape, self.upsample, self.settings.stages)[1:]
        return [
            BlockVariables(
                choices={name: self.allowed[name + suffix] for name in BLOCK_VARIABLES},
                columns={n: self.columns[n + suffix] for n in BLOCK_VARIABLES if n + suffix in self.columns},
                smallest_map=sizes[int(suffix) - 1] if suffix else sizes[-1],
            )
            for suffix in self.suffixes
        ]

    def canonical(self, genomes: Integers) -> Integers:
        """Return the canonical form of genomes (n, v).

        A variable that the block does not read has its first choice. A RobustResBlock of one scale and cardinality 1 is
        a bottleneck, if the space has that. Reductions that give the same hidden units everywhere have the first of
        their choices.
        """
        genomes = genomes.copy()
        for variables in self.block_variables:
            variables.canonicalize(genomes)
        depths, planes = self.depths(genomes), self.planes(genomes)
        blocks = self.block_columns(genomes)
        outputs = np.stack([stage_outputs(b, planes[:, stage]) for stage, b in enumerate(blocks)], axis=1)
        inputs = np.concatenate([self.stem_widths(genomes)[:, None], outputs[:, :-1]], axis=1)
        for stage, variables in enumerate(self.block_variables):
            own = slice(stage, stage + 1) if len(self.block_variables) > 1 else slice(None)
            variables.merge_reductions(genomes, depths[:, own], inputs[:, own], outputs[:, own])
        return genomes

    def active_variables(self, genomes: Integers) -> NDArray[np.bool_]:
        """Return which variables (n, v) of canonical genomes change the network."""
        active = np.ones(genomes.shape, dtype=bool)
        for variables in self.block_variables:
            for name, mask in variables.active(genomes).items():
                if name in variables.columns:
                    active[:, variables.columns[name]] = mask
        return active

    def stem_widths(self, genomes: Integers) -> Integers:
        """Return the channels (n,) of the stem."""
        return self.numbers(genomes, "stem_width")

    def block_columns(self, genomes: Integers) -> list[BlockColumns]:
        """Return the block of each stage, for canonical genomes (n, v)."""
        columns = [variables.block_columns(genomes) for variables in self.block_variables]
        return columns * (self.settings.stages // len(columns))

    def decode_blocks(self, genome: Integers) -> tuple[Block, ...]:
        """Return the blocks of a canonical genome (v,)."""
        return tuple(variables.decode(genome) for variables in self.block_variables)

    def encode_blocks(self, architecture: ResidualNetwork) -> dict[str, Choice]:
        """Return the values of the stem and block variables of an architecture."""
        if len(architecture.blocks) > len(self.suffixes):
            raise InputError(f"space {self.name!r} has one block for all stages; set blocks_per_stage for one each")
        values: dict[str, Choice] = {"stem_width": architecture.stem_width}
        for suffix, variables, block in zip(
            self.suffixes, self.block_variables, architecture.stage_blocks, strict=False
        ):
            values |= {name + suffix: value for name, value in variables.encode(block).items()}
        return values
