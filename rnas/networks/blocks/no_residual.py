"""The basic block without its identity branch.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) shows it as a curve
without a definition; this structure is ours: the output is the basic block's branch alone, in either order. Residual
squeeze-and-excitation still adds the gated branch to it.
"""

from typing import ClassVar

from rnas.networks.block import COMMON_FIELDS
from rnas.networks.blocks.basic import Basic, BasicBlock
from rnas.networks.squeeze_excitation import IDENTITY, PLACEMENTS


class NoResidualBlock(BasicBlock):
    """A basic block's branch, with post-activation activated at its end."""

    connected: ClassVar[bool] = False


class NoResidual(Basic):
    """As basic, without a place for squeeze-and-excitation on the identity branch."""

    fields = COMMON_FIELDS
    placements = tuple(placement for placement in PLACEMENTS if placement != IDENTITY)
    module = NoResidualBlock


BLOCK = NoResidual()
