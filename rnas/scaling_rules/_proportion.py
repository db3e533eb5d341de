"""Write the proportions of stages as text."""

from collections.abc import Sequence


def shares_of(parts: Sequence[float]) -> tuple[float, ...]:
    """Divide numbers above zero by their sum."""
    total = sum(parts)
    return tuple(part / total for part in parts)


def proportion_text(parts: Sequence[float]) -> str:
    """Format a proportion to one decimal with its smallest part as 1: ``(0.4, 0.5, 0.2)`` -> ``"2 : 2.5 : 1"``."""
    smallest = min(parts)
    return " : ".join(f"{round(part / smallest, 1):g}" for part in parts)


def share_text(share: float) -> str:
    """Format a number in [0, 1] to two decimals, as the papers print it: 0.7 -> ``".70"``."""
    return f"{share:.2f}".removeprefix("0")
