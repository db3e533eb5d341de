"""Define the JSON files in a search's directory that its report reads back."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from rnas.utils._json_files import Content, Share, read_content


class Verdict(Enum):
    """The verdict on one part of a rule, compared with RobustScaling."""

    AGREES = "agrees with RobustScaling"
    DIFFERS = "differs from RobustScaling"
    IDENTIFIED = "identified; RobustScaling is not defined for this number of stages"
    CAPACITY = "explained by capacity"
    EDGE = "at the edge of the space"
    NOT_IDENTIFIED = "not identified"
    NOT_AT_THIS_FIDELITY = "not identified at this fidelity"

    @property
    def claims(self) -> bool:
        """Return whether the verdict is that shares or r_D have an effect in addition to capacity."""
        return self in (Verdict.AGREES, Verdict.DIFFERS, Verdict.IDENTIFIED, Verdict.EDGE)


class _Range(Content):
    value: float
    low: float
    high: float


class _Quantity(Content):
    name: str
    optimum: _Range
    published: float | None
    at_edge: Share


class _Family(Content):
    name: str
    verdict: Annotated[Verdict, Field(strict=False)]
    quantities: Annotated[list[_Quantity], Field(min_length=1)]
    gain: _Range
    p_value: Share
    p_value_flops: Share
    evaluations_needed: NonNegativeInt | None


_Pair = Annotated[list[NonNegativeFloat], Field(min_length=2, max_length=2)]


class _Rules(Content):
    metric: str
    kind: str
    flops: _Pair
    evaluations: PositiveInt
    fitted: PositiveInt
    families: list[_Family]


class _RungQuality(Content):
    rung: NonNegativeInt
    flops: _Pair
    architectures: NonNegativeInt
    tau: _Range
    ceiling: _Range | None
    noise: _Range | None
    recall: _Range
    regret: _Range


class _Shift(Content):
    quantity: str
    rung: int
    lower: float
    highest: float
    shift: _Range
    found: bool


class _Fidelity(Content):
    metric: str
    fidelities: Annotated[list[dict[str, Any]], Field(min_length=1)]
    shares: list[Share]
    promote: Share
    seeds: PositiveInt
    architectures: PositiveInt
    failures: NonNegativeInt
    quality: list[_RungQuality]
    shifts: list[_Shift]


def read_rules(path: Path) -> Mapping[str, Any]:
    """Return what ``rnas rules`` wrote; raise InputError if the file is damaged."""
    return read_content(path, _Rules)


def read_fidelity(path: Path) -> Mapping[str, Any]:
    """Return the result of a study of rungs; raise InputError if the file is damaged."""
    return read_content(path, _Fidelity)
