"""Reconfigure networks by the rule of Huang et al. (NeurIPS 2021): less capacity in the last stage."""

from typing import Protocol, Self, runtime_checkable

from rnas.errors import InputError
from rnas.networks.architecture import Architecture

LAST_STAGE = 0.4
"""Share of its usual channels that the last stage has in the networks that the paper calls ``-R``."""


@runtime_checkable
class Staged(Protocol):
    """Describe a network of stages, each with channels of its own."""

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its channels, at least one."""


def reconfigured(architecture: Architecture, last_stage: float = LAST_STAGE) -> Architecture:
    """Return a network whose last stage has a share of its channels; everything else stays.

    With the default it is WRN-34-R for WRN-34-20, VGG-11-R for VGG-11, DN-121-R for DenseNet-121, DARTS-R for DARTS.

    Args:
        architecture: a network whose description has the channels of each stage: residual networks, ResNets, VGGs,
            DenseNets, networks of DARTS cells, or one of yours with a method ``with_last_stage(share)``.
        last_stage: the share, in (0, 1].

    Raises:
        InputError: the description has no channels of the last stage, or the share is out of range.
    """
    if not 0 < last_stage <= 1:
        raise InputError(f"last_stage {last_stage}: give a share above 0 and at most 1, such as {LAST_STAGE}")
    if not isinstance(architecture, Staged):
        raise InputError(
            f"a network of kind {architecture.kind} has no channels of its last stage alone: give a network whose "
            "stages have channels of their own"
        )
    found: Architecture = architecture.with_last_stage(last_stage)
    return found
