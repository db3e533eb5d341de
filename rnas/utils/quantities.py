"""Parse and format sizes, bands and epsilons as people write them: ``5G``, ``150M:250M``, ``8/255``."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo

from rnas.errors import InputError
from rnas.utils._text import shown

_SIZE_BITS = 256
_SIZE_DIGITS = 100
_ROUNDED = 1000
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_FRACTION = re.compile(rf"\s*{_NUMBER.pattern}\s*(/\s*\d+\s*)?", re.ASCII | re.IGNORECASE)
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)(?:e\+?(\d{1,2}))?\s*([kmgt]?)\s*", re.ASCII | re.IGNORECASE)


def parse_number(text: str) -> float:
    """Return a finite number in decimal notation; raise ValueError for other texts, such as ``1_000`` or ``inf``."""
    if _NUMBER.fullmatch(text.strip()) is None or not math.isfinite(number := float(text)):
        raise ValueError(f"{text!r} is not a number")
    return number


def parse_whole_numbers(text: str) -> tuple[int, ...]:
    """Return whole numbers with commas between them, such as ``4,8,16``; raise ValueError for other texts."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise ValueError(f"{text!r} are no whole numbers")
    return tuple(map(int, parts))


def parse_size(value: Any) -> int:
    """Parse ``"1.5G"`` to 1500000000 and accept whole numbers; raise InputError for anything else or below zero.

    A float from 1,000 is rounded: a computation has given it, and not a person.
    """
    # Python does not convert integers of thousands of digits to text and back.
    text = "" if isinstance(value, int) and value.bit_length() > _SIZE_BITS else str(value)[:_SIZE_DIGITS]
    match = _SIZE.fullmatch(text)
    if match is None or isinstance(value, bool) or len(text) == _SIZE_DIGITS:
        raise InputError(f"{shown(value)} is not a size; write a number with K, M, G or T, such as 150M")
    number, exponent, unit = match.groups()
    power: int = 10 ** int(exponent or 0)
    size = Fraction(number) * power * _FACTORS[unit.lower()]
    if isinstance(value, float) and size >= _ROUNDED:
        return round(size)
    if size.denominator != 1:
        raise InputError(f"{shown(value)} is not a whole number; write it with fewer decimals")
    return size.numerator


def format_size(value: float) -> str:
    """Format 1500000000 as ``"1.5G"``, with three significant digits."""
    for unit, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g}{unit}" if value < 999.5 * factor else f"{value / factor:.0f}{unit}"
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def pluralize(number: int, noun: str) -> str:
    """Return ``"1 epoch"``, ``"2 epochs"``, ``"10,000 images"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True)
class Band:
    """Hold an inclusive range of a cost; if ``high`` is None there is no upper limit."""

    low: int = 0
    high: int | None = None

    def __str__(self) -> str:
        return f"{format_size(self.low)}:{'' if self.high is None else format_size(self.high)}"


def parse_band(value: Any) -> Band:
    """Parse ``"150M:250M"``, ``":1G"``, ``"1G:"`` or a list of two sizes; raise InputError for anything else."""
    if isinstance(value, Band):
        return value
    parts = value.split(":") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        raise InputError(f"{shown(value)} is not a band; write LOW:HIGH, such as 150M:250M")
    low = parse_size(parts[0]) if parts[0] not in ("", None) else 0
    high = parse_size(parts[1]) if parts[1] not in ("", None) else None
    if high is not None and low > high:
        raise InputError(f"band {shown(value)} is empty: its low end is above its high end")
    return Band(low, high)


def parse_fraction(value: Any) -> Fraction:
    """Parse ``"1/4"`` or ``0.25`` to an exact fraction, at least 0; raise InputError for anything else."""
    try:
        text = str(value)
        # The pattern bounds exponents: Python would compute the power of 1e999999999.
        if _FRACTION.fullmatch(text) is None:
            raise ValueError
        fraction = Fraction("".join(text.split()))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{shown(value)} is not a fraction; write it such as 8/255") from None
    if fraction < 0:
        raise InputError(f"{shown(value)} is below 0; write 0 or more, such as 8/255")
    return fraction


def parse_epsilon(value: Any) -> Fraction:
    """Parse ``"8/255"`` or ``0.1`` to an exact fraction in [0, 1]; raise InputError for anything else."""
    epsilon = parse_fraction(value)
    if epsilon > 1:
        raise InputError(f"epsilon {value} is above 1; pixels are in [0, 1], so write 8/255, not 8")
    return epsilon


def parse_share(value: Any, field: str) -> float:
    """Parse ``"5%"`` or ``0.05`` to 0.05; raise InputError, which names the field, unless it is between 0 and 1."""
    text = str(value).strip()
    try:
        share = parse_number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise InputError(f"{field}: {value} is not a share between 0 and 1; write one such as 5%")
    return share


def _band_as_list(band: Band) -> list[int | None]:
    return [band.low, band.high]


def _in_folder(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return (folder / path.expanduser()).resolve()
    except RuntimeError as error:
        # The path names a home that does not exist, or links that lead in a circle.
        raise InputError(f"{path}: cannot be resolved ({error})") from None


def lower_case(name: str) -> str:
    """Return a name as it is known, whatever its case and the blanks around it."""
    return name.strip().lower()


def _lower_case_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(lower_case, names)))


NamesField = Annotated[tuple[str, ...], AfterValidator(_lower_case_names)]
BandField = Annotated[Band, BeforeValidator(parse_band), PlainSerializer(_band_as_list)]
EpsilonField = Annotated[Fraction, BeforeValidator(parse_epsilon), PlainSerializer(str)]
FractionField = Annotated[Fraction, BeforeValidator(parse_fraction), PlainSerializer(str)]
ShareField = Annotated[float, BeforeValidator(parse_share)]
PathField = Annotated[Path, AfterValidator(_in_folder), PlainSerializer(str)]
"""Field types for configuration models. Relative paths start at the ``folder`` of the validation context."""


def duration(seconds: float) -> str:
    """Return seconds in a unit that suits their number."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
