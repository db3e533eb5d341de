"""Summarise the versions and machines of a run's evaluations, and their differences."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN = 6


@dataclass(frozen=True)
class Fact:
    """One thing recorded with the evaluations.

    Attributes:
        name: path of the fact, such as ``data.images.test``.
        values: values, most frequent first, each with the number of evaluations that have it.
        more: number of further values.
    """

    name: str
    values: tuple[tuple[str, int], ...]
    more: int


def facts(evaluations: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """Return every fact of the evaluations' provenance, in the order of their first occurrence."""
    counts: dict[str, Counter[str]] = {}
    for evaluation in evaluations:
        for name, value in leaves(evaluation.get("provenance") or {}):
            counts.setdefault(name, Counter())[value] += 1
    return [Fact(name, tuple(count.most_common(_SHOWN)), max(len(count) - _SHOWN, 0)) for name, count in counts.items()]


def input_shape(evaluations: Sequence[Mapping[str, Any]]) -> str:
    """Return the shape of the image that FLOPs are counted for, such as ``3x32x32``; empty if not recorded."""
    shapes = (((e.get("provenance") or {}).get("data") or {}).get("input_shape") for e in evaluations)
    return next(("\u00d7".join(map(str, shape)) for shape in shapes if shape), "")


def leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of every value in a mapping, such as ``data.images.test``, with the value as text."""
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from leaves(item, f"{path}{name}.")
        else:
            yield f"{path}{name}", item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
