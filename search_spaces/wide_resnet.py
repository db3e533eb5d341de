"""Define spaces for the grids over depths and widths of WideResNets that the papers explored.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) trained the grids of
depths and of widths around WRN-28-10. "Exploring Architectural Ingredients of Adversarially Robust Deep Neural
Networks" (Huang et al., NeurIPS 2021) trained the grid of depths of WRN-34-10.
"""

from typing import ClassVar

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.space import Choice, SpaceSettings
from rnas.networks.architecture import Shape
from rnas.networks.block import Block, BlockColumns
from rnas.networks.residual import ResidualNetwork
from search_spaces.staged import Choices, StagedSettings, StagedSpace

DEPTHS = (2, 3, 4, 5, 7, 9, 11)
WIDTHS = (4, 6, 8, 10, 12, 14, 16, 20)


class GridSettings(StagedSettings):
    """Set a grid."""

    block: Block = Block()
    """The block of all its networks."""


class DepthSettings(GridSettings):
    """Set ``wide-resnet-depths``."""

    depths: tuple[PositiveInt, ...] = Field(DEPTHS, min_length=1)
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field((10,), min_length=1)


class WidthSettings(GridSettings):
    """Set ``wide-resnet-widths``."""

    depths: tuple[PositiveInt, ...] = Field((4,), min_length=1)
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field(WIDTHS, min_length=1)


class Wrn34DepthSettings(DepthSettings):
    """Set ``wide-resnet-34-depths``."""

    depths: tuple[PositiveInt, ...] = Field((1, 3, 5, 7, 9), min_length=1)


class CompoundSettings(GridSettings):
    """Set ``wide-resnet-compound``."""

    depths: tuple[PositiveInt, ...] = Field(DEPTHS, min_length=1)
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field(WIDTHS, min_length=1)


class Grid(StagedSpace):
    """Search networks of one block over depths and widths of the stages."""

    settings: GridSettings

    def __init__(self, settings: SpaceSettings, input_shape: Shape, num_classes: int) -> None:
        super().__init__(settings, input_shape, num_classes)
        self.decode(np.zeros(len(self.variables), dtype=np.int64)).require_runnable(input_shape)

    def choices(self) -> dict[str, tuple[Choices, bool]]:
        """Return the choices of the depths and widths."""
        return self.stage_choices()

    def canonical(self, genomes: Integers) -> Integers:
        """Return the genomes unchanged; every genome is a different network."""
        return genomes.copy()

    def block_columns(self, genomes: Integers) -> list[BlockColumns]:
        """Return the block of each stage, for canonical genomes (n, v)."""
        same = BlockColumns.of(self.settings.block)[np.zeros(len(genomes), dtype=np.int64)]
        return [same] * self.settings.stages

    def decode_blocks(self, genome: Integers) -> tuple[Block, ...]:
        """Return the block for each stage."""
        return (self.settings.block,)

    def encode_blocks(self, architecture: ResidualNetwork) -> dict[str, Choice]:
        """Return no values, because the block is fixed; raise InputError for another block."""
        if architecture.blocks != (self.settings.block,):
            raise InputError(f"space {self.name!r} contains networks of one block, {self.settings.block}")
        return {}


class DepthGrid(Grid):
    """Search 343 depths at widening 10."""

    name = "wide-resnet-depths"
    summary = "7^3 depths of a WideResNet at widening 10, around WRN-28-10"
    Settings: ClassVar[type[SpaceSettings]] = DepthSettings


class WidthGrid(Grid):
    """Search 512 widenings at depth 4."""

    name = "wide-resnet-widths"
    summary = "8^3 widenings of a WideResNet at depth 4, around WRN-28-10"
    Settings: ClassVar[type[SpaceSettings]] = WidthSettings


class Wrn34DepthGrid(Grid):
    """Search 125 depths at widening 10."""

    name = "wide-resnet-34-depths"
    summary = "5^3 depths of a WideResNet at widening 10, around WRN-34-10"
    Settings: ClassVar[type[SpaceSettings]] = Wrn34DepthSettings


class CompoundGrid(Grid):
    """Search 343 depths times 512 widenings."""

    name = "wide-resnet-compound"
    summary = "7^3 depths times 8^3 widenings of a WideResNet"
    Settings: ClassVar[type[SpaceSettings]] = CompoundSettings


class NAResSettings(CompoundSettings):
    """Set ``nares``."""

    depths: tuple[PositiveInt, ...] = Field((4, 5, 7, 9, 11), min_length=1)
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field((8, 10, 12, 14, 16), min_length=1)


class NARes(CompoundGrid):
    """Search the 15,625 WideResNets of NARes; evaluator ``nares`` reads their published results.

    The networks and their costs are those of the table: depths of 4 to 11 blocks and widenings of 8 to 16 a stage.
    """

    name = "nares"
    summary = "the 15,625 WideResNets of the public table NARes, adversarially trained on CIFAR-10"
    Settings: ClassVar[type[SpaceSettings]] = NAResSettings
