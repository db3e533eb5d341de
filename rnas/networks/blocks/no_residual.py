"""Define the basic block without its identity branch.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) shows it as a curve
without a definition, so rnas chose this structure: the output is only the basic block's branch, in either order.
Residual squeeze-and-excitation still adds the gated branch to it.
"""

from typing import TYPE_CHECKING

from rnas.networks.block import COMMON_FIELDS
from rnas.networks.blocks.basic import Basic
from rnas.networks.squeeze_excitation import IDENTITY, PLACEMENTS
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
else:
    modules = LazyModule("rnas.networks.modules.blocks")


class NoResidual(Basic):
    """Define the basic type without an identity branch, which is also no place for squeeze-and-excitation."""

    fields = COMMON_FIELDS
    placements = tuple(placement for placement in PLACEMENTS if placement != IDENTITY)
    connected = False

    @property
    def module(self) -> "type[modules.NoResidualBlock]":
        """Return the class of its blocks."""
        return modules.NoResidualBlock


BLOCK = NoResidual()
