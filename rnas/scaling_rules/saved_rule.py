"""Save and load a rule as a file: its proportions, their intervals, and the data it was fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, FiniteFloat, PositiveInt, ValidationError

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._proportion import proportion_text, share_text, shares_of
from rnas.utils._json_files import parse_json
from rnas.utils._regular_files import read_bytes
from rnas.utils.files import write_text

SCHEMA_VERSION: Literal[1] = 1

DEPTH_TO_WIDTH = "r_D"
"""Name of the sum of depths divided by the sum of depths and widths; stages are ``D1``, ``W1`` and so on."""

Span = tuple[float, float]
"""The low and the high end of an interval."""

_SLACK = 0.01
_LARGEST = 1024**2
"""Tolerance of a value outside its interval: medians of shares are scaled to a sum of 1."""

_REMEDY = "rnas rules RUN --save FILE writes one"


@dataclass(frozen=True)
class SavedRule:
    """A rule, with its intervals and its source.

    Attributes:
        rule: the proportions.
        intervals: ends, in [0, 1], of the interval around a quantity's value, by the names of :attr:`values`.
        confidence: confidence level of the intervals, in (0, 1).
        source: the run that it was fitted on, or the publication; empty if unknown.
        metric: the score that the rule was fitted to; empty if unknown.
        ledger: hash of the evaluations that it was fitted on; None for a published rule.
        evaluations: number of these evaluations.
        budgets: FLOPs of these evaluations, ascending.

    Raises:
        InputError: an interval has an unknown quantity or does not contain its value, or the budgets are out of order.
    """

    rule: Rule
    intervals: Mapping[str, Span] = field(default_factory=dict)
    confidence: float = 0.9
    source: str = ""
    metric: str = ""
    ledger: str | None = None
    evaluations: int | None = None
    budgets: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InputError(f"confidence is {self.confidence:g}; write a number between 0 and 1")
        values = self.values
        for name, (low, high) in self.intervals.items():
            if name not in values:
                raise InputError(
                    f"there is an interval of {name!r}; the quantities of this rule are {', '.join(values)}"
                )
            if not (0 <= low <= high <= 1 and low - _SLACK <= values[name] <= high + _SLACK):
                raise InputError(
                    f"the interval of {name} is {low:g} to {high:g}; "
                    f"it must be within 0 to 1 and contain {values[name]:g}"
                )
        if list(self.budgets) != sorted(set(self.budgets)):
            raise InputError(f"budgets is {list(self.budgets)}; write each budget once, in ascending order")

    @property
    def values(self) -> dict[str, float]:
        """Return every quantity by name: shares of depth ``D1``... and of width ``W1``..., which sum to 1, and
        ``r_D``."""
        depths = {f"D{stage}": share for stage, share in enumerate(shares_of(self.rule.depths), 1)}
        widths = {f"W{stage}": share for stage, share in enumerate(shares_of(self.rule.widths), 1)}
        return {**depths, **widths, DEPTH_TO_WIDTH: self.rule.depth_share}

    def sentence(self) -> str:
        """Return the rule as text: ``D1:D2:D3 = 2 : 2 : 1, W1:W2:W3 = 2 : 2.5 : 1, depth to width 7 : 3 (r_D .70)``.

        The smallest part of each proportion is 1. Intervals, if known, follow as shares.
        """
        deep = round(10 * self.rule.depth_share, 1)
        parts = [
            self._stages("D", self.rule.depths),
            self._stages("W", self.rule.widths),
            f"depth to width {deep:g} : {10 - deep:.2g} ({DEPTH_TO_WIDTH} {share_text(self.rule.depth_share)}"
            f"{self._span(DEPTH_TO_WIDTH)})",
        ]
        known = f"; {100 * self.confidence:g} % intervals in brackets" if self.intervals else ""
        return f"{', '.join(parts)}{known}"

    def to_dict(self) -> dict[str, Any]:
        """Convert to the file's JSON values."""
        return _File.of(self).model_dump(mode="json")

    def save(self, path: Path | str) -> None:
        """Write the rule as JSON, whole or not at all; replace an existing file.

        Raises:
            OSError: the file cannot be written.
        """
        write_text(Path(path), f"{_File.of(self).model_dump_json(indent=2)}\n")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a file that :meth:`save` wrote.

        Raises:
            InputError: the file does not exist, or does not hold a rule.
        """
        if not Path(path).exists():
            raise InputError(f"{path} does not exist; give the file of a rule: {_REMEDY}")
        try:
            text = read_bytes(Path(path), _LARGEST)
            parse_json(text, path)
            content = _File.model_validate_json(text)
        except InputError as error:
            raise InputError(f"{error}; {_REMEDY}") from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = "".join(f"{part}: " for part in fault["loc"])
            raise InputError(f"{path} is not a rule: {where}{fault['msg']}; {_REMEDY}") from None
        try:
            return cls(
                rule=Rule(content.depths, content.widths, content.depth_to_width),
                **content.model_dump(exclude={"schema_version", "depths", "widths", "depth_to_width"}),
            )
        except InputError as error:
            raise InputError(f"{path} is not a rule: {error}; {_REMEDY}") from None

    def _stages(self, letter: str, parts: tuple[float, ...]) -> str:
        names = [f"{letter}{stage}" for stage in range(1, len(parts) + 1)]
        spans = [f"{name} {share_text(self.values[name])}{self._span(name)}" for name in names if self._span(name)]
        known = f" ({', '.join(spans)})" if spans else ""
        return f"{':'.join(names)} = {proportion_text(parts)}{known}"

    def _span(self, name: str) -> str:
        if name not in self.intervals:
            return ""
        low, high = self.intervals[name]
        return f" [{share_text(low)}, {share_text(high)}]"


class _File(BaseModel):
    """The JSON form of a :class:`SavedRule`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1]
    depths: tuple[FiniteFloat, ...]
    widths: tuple[FiniteFloat, ...]
    depth_to_width: FiniteFloat
    intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = {}
    confidence: FiniteFloat = 0.9
    source: str = ""
    metric: str = ""
    ledger: str | None = None
    evaluations: PositiveInt | None = None
    budgets: tuple[PositiveInt, ...] = ()

    @classmethod
    def of(cls, saved: SavedRule) -> Self:
        return cls(
            schema_version=SCHEMA_VERSION,
            depths=saved.rule.depths,
            widths=saved.rule.widths,
            depth_to_width=saved.rule.depth_to_width,
            intervals=dict(saved.intervals),
            confidence=saved.confidence,
            source=saved.source,
            metric=saved.metric,
            ledger=saved.ledger,
            evaluations=saved.evaluations,
            budgets=saved.budgets,
        )


ROBUST_SCALING = SavedRule(
    Rule(),
    source="Huang, Lu, Deb, Boddeti: Revisiting Residual Networks for Adversarial Robustness, CVPR 2023",
    metric="robust accuracy on CIFAR-10",
)
"""RobustScaling as published; the paper gives no intervals."""

_NAMED = {"robust-scaling": ROBUST_SCALING}


def find_rule(text: str | Path) -> SavedRule:
    """Return the rule ``robust-scaling``, or the rule in a file.

    Raises:
        InputError: the text is neither ``robust-scaling`` nor the path of a rule.
    """
    named = _NAMED.get(str(text).strip().lower())
    return SavedRule.load(text) if named is None else named
