"""Define what a search space says so that its networks can share weights."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rnas.networks.architecture import Architecture


@runtime_checkable
class SharesWeights(Protocol):
    """Define a search space whose networks can be paths of one supernet.

    A tensor of a network is a part of the shared tensor that :meth:`shared_name` names: its leading output and input
    channels, and the centre of a larger kernel.
    """

    @property
    def widths(self) -> tuple[str, ...]:
        """Return the names of the variables of width, which the sandwich rule sets to both ends."""

    def shared_name(self, architecture: Architecture, name: str) -> str:
        """Return the name of the shared tensor of a parameter.

        Args:
            architecture: a network of the space.
            name: name of one of its parameters.
        """

    def largest(self) -> Sequence[Architecture]:
        """Return networks that together have each shared tensor at its full size, whatever the bands of the space."""
