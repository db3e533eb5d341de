"""Write the SVG elements that the drawings consist of."""

from html import escape


def element(tag: str, content: str = "", /, **attributes: str | float) -> str:
    """Return one element; ``content`` is markup, and attribute values are escaped.

    ``class_`` writes ``class``, and ``stroke_width`` writes ``stroke-width``.
    """
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    written = "".join(f' {name}="{escape(_value(value))}"' for name, value in pairs)
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(content: object, x: float, y: float, size: float = 12, /, **attributes: str | float) -> str:
    """Return a line of text, escaped, in the colour of the page's text."""
    return element("text", escape(str(content)), x=x, y=y, font_size=size, fill="currentColor", **attributes)


def line(x1: float, y1: float, x2: float, y2: float, /, **attributes: str | float) -> str:
    """Return a straight line in the colour of the page's text."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", **attributes)


def document(label: str, width: float, height: float, parts: list[str]) -> str:
    """Return a whole drawing that scales to its container, with ``label`` for screen readers."""
    return element(
        "svg",
        element("title", escape(label)) + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=label,
        class_="drawing",
        font_family="system-ui, sans-serif",
    )


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
