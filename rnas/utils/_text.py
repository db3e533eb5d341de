"""Show text that comes from files and other people's code, which may be long, damaged or hostile."""

import re
import reprlib

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST = 2_000


class _ShortRepr(reprlib.Repr):
    """Write the repr of a value, cut in length and in depth."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 5
        self.maxstring = self.maxother = 120
        self.maxlong = 60

    def repr_int(self, x: int, level: int) -> str:
        """Write an integer; Python refuses to write one of more than 4,300 digits."""
        bits = x.bit_length()
        return f"an integer of {bits} bits" if bits > 10_000 else super().repr_int(x, level)


def visible(text: str) -> str:
    """Return a text in which each control character, mark of direction and lone surrogate is its escape, as ``\\x1b``.

    Line feeds and tabs stay. Every other encoding than UTF-8 apart, the result can be printed and written everywhere.
    """
    return _HIDDEN.sub(lambda match: _escape(match[0]), text)


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Return a text on one line: visible, with single blanks, and cut in its middle if it is longer.

    Args:
        text: any text.
        longest: most characters of the result.
    """
    # A text of many megabytes is not split as a whole.
    ends = text if len(text) <= 4 * longest else f"{text[: 2 * longest]} {text[-2 * longest :]}"
    line = visible(" ".join(ends.split()))
    if ends is text and len(line) <= longest:
        return line
    half = (longest - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def shown(value: object) -> str:
    """Return a short repr of any value for a message: long texts, big numbers and deep nesting are cut."""
    return one_line(_ShortRepr().repr(value))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
