"""Define the JSON files beside the ledger of a search that its report reads back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rnas.utils._json_files import Content, read_content


class _Range(Content):
    value: float
    low: float
    high: float


class _Quantity(Content):
    name: str
    optimum: _Range
    published: float | None
    at_edge: float


class _Family(Content):
    name: str
    verdict: Literal[
        "agrees with RobustScaling",
        "differs from RobustScaling",
        "identified; RobustScaling is not defined for this number of stages",
        "explained by capacity",
        "at the edge of the space",
        "not identified",
        "not identified at this fidelity",
    ]
    quantities: Annotated[list[_Quantity], Field(min_length=1)]
    gain: _Range
    p_value: float
    p_value_flops: float
    evaluations_needed: int | None


_Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Rules(Content):
    metric: str
    kind: str
    flops: _Pair
    evaluations: int
    fitted: int
    families: list[_Family]


class _RungQuality(Content):
    rung: int
    flops: _Pair
    architectures: int
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
    shares: list[float]
    promote: float
    seeds: int
    architectures: int
    failures: int
    quality: list[_RungQuality]
    shifts: list[_Shift]


def read_rules(path: Path) -> Mapping[str, Any]:
    """Return what ``rnas rules`` wrote; raise InputError if the file is damaged."""
    return read_content(path, _Rules)


def read_fidelity(path: Path) -> Mapping[str, Any]:
    """Return the result of a study of rungs; raise InputError if the file is damaged."""
    return read_content(path, _Fidelity)
