"""Collect the progress of evaluations on a cluster of Ray, in a process that does not import torch."""


class Board:
    """Hold the shares done of evaluations under way, as an actor of Ray."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}

    def report(self, name: str, share: float) -> None:
        """Take note of the share done of an evaluation, which has begun."""
        self._shares[name] = share

    def shares(self) -> dict[str, float]:
        """Return the share done of each evaluation that has begun."""
        return self._shares
