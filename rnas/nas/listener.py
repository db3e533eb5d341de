"""Who is told what happens to the proposals of a ledger."""

from collections.abc import Mapping
from typing import Protocol

from rnas.nas.ledger import Record


class Listener(Protocol):
    """Is told what happens; what it does changes nothing."""

    def proposed(self, record: Record) -> None:
        """A proposal was written."""

    def recorded(self, record: Record) -> None:
        """A result was written."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Now and then: the share done of each evaluation that runs, by number."""


class Silent:
    """A listener that does nothing."""

    def proposed(self, record: Record) -> None:
        """Nothing."""

    def recorded(self, record: Record) -> None:
        """Nothing."""

    def running(self, shares: Mapping[int, float]) -> None:
        """Nothing."""
