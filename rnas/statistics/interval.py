"""Represent a number with an interval around it."""

from dataclasses import dataclass

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """Hold a value and an interval around it; the code that makes the interval decides its confidence."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return half of the interval's length."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Return whether the whole interval is on one side of 0."""
        return self.excludes(0, 0)

    def within(self, low: float, high: float) -> bool:
        """Return whether the whole interval lies between two values."""
        return low - _ROUNDING <= self.low and self.high <= high + _ROUNDING

    def excludes(self, low: float, high: float) -> bool:
        """Return whether no point of the interval lies between two values."""
        return self.low > high or self.high < low
