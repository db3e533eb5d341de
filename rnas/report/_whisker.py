"""Draw an interval as a small picture for the cell of a table."""

from collections.abc import Sequence

from markupsafe import Markup

from rnas.report import _svg as svg

_HIGH, _MARGIN, _RADIUS = 18.0, 6.0, 3.4


def whisker(
    low: float,
    high: float,
    value: float,
    span: tuple[float, float],
    *,
    length: float = 150.0,
    ring: float | None = None,
    bounds: Sequence[float] = (),
) -> Markup:
    """Draw an interval as a line and its value as a dot, on a scale that the pictures of a column share.

    Args:
        low, high: ends of the interval.
        value: position of the dot.
        span: values at the left and at the right end of the picture.
        length: length of the picture, in SVG units.
        ring: another value, which is drawn as a ring.
        bounds: values that are drawn as vertical lines.
    """
    left, right = span

    def at(number: float) -> float:
        return _MARGIN + (length - 2 * _MARGIN) * (number - left) / ((right - left) or 1.0)

    middle = _HIGH / 2
    parts = [svg.line(at(bound), 1, at(bound), _HIGH - 1, stroke_width=1, class_="bound") for bound in sorted(bounds)]
    parts.append(svg.line(at(low), middle, at(high), middle, stroke_width=1.6))
    if ring is not None:
        parts.append(svg.element("circle", cx=at(ring), cy=middle, r=_RADIUS, class_="search", fill="none"))
    parts.append(svg.element("circle", cx=at(value), cy=middle, r=_RADIUS, class_="test"))
    return Markup(
        svg.element("svg", "".join(parts), viewBox=f"0 0 {length:g} {_HIGH:g}", class_="whisker", aria_hidden="true")
    )
