"""Define the basic block without its identity branch.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) shows it as a curve
without a definition, so rnas chose this structure: the output is only the basic block's branch, in either order.
Residual squeeze-and-excitation still adds the gated branch to it.
"""

from typing import ClassVar

from rnas.networks.block import COMMON_FIELDS
from rnas.networks.blocks.basic import Basic, BasicBlock
from rnas.networks.squeeze_excitation import IDENTITY, PLACEMENTS


class NoResidualBlock(BasicBlock):
    """Apply a basic block's branch; with post-activation its end is activated."""

    connected: ClassVar[bool] = False


class NoResidual(Basic):
    """Define the basic type without an identity branch, which is also no place for squeeze-and-excitation."""

    fields = COMMON_FIELDS
    placements = tuple(placement for placement in PLACEMENTS if placement != IDENTITY)
    module = NoResidualBlock


BLOCK = NoResidual()
