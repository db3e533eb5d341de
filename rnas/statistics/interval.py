"""A number with an interval around it."""

from dataclasses import dataclass

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """A value and an interval around it, whose confidence is for its owner to say."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether all of it is on one side of 0."""
        return self.beside(0, 0)

    def within(self, low: float, high: float) -> bool:
        """Whether all of it lies between two values."""
        return low - _ROUNDING <= self.low and self.high <= high + _ROUNDING

    def beside(self, low: float, high: float) -> bool:
        """Whether none of it lies between two values."""
        return self.low > high or self.high < low
