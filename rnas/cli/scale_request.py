"""What ``rnas scale`` is asked for, from text."""

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule


def rule_of(rule: str | None, depths: str | None, widths: str | None, depth_to_width: str | None) -> str | Rule | None:
    """Return the rule that is named or whose proportions are given; InputError if both are."""
    if depths is None and widths is None and depth_to_width is None:
        return rule
    if rule is not None:
        raise InputError("give --rule, or --depths, --widths and --depth-to-width, not both")
    own = Rule()
    ratio = own.depth_to_width
    if depth_to_width is not None:
        parts = _proportion("--depth-to-width", depth_to_width)
        if len(parts) != 2:
            raise InputError(f"--depth-to-width {depth_to_width}: write two numbers, such as 7:3")
        ratio = parts[0] / parts[1]
    return Rule(
        own.depths if depths is None else _proportion("--depths", depths),
        own.widths if widths is None else _proportion("--widths", widths),
        ratio,
    )


def share(text: str) -> float:
    """Return a tolerance such as ``5%`` or ``0.05``; InputError unless it is between 0 and 1."""
    text = text.strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise InputError(f"--tolerance {text}: write a share between 0 and 1, such as 5%")
    return found


def _proportion(option: str, text: str) -> tuple[float, ...]:
    try:
        parts = tuple(float(part) for part in text.split(":"))
    except ValueError:
        parts = ()
    if not parts or not all(0 < part < float("inf") for part in parts):
        raise InputError(f"{option} {text}: write numbers above zero with colons between them, such as 2:2.5:1")
    return parts
