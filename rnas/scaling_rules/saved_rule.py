"""A rule as a file: its proportions, how sure they are, and what they were fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, FiniteFloat, PositiveInt, ValidationError

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.proportion import proportion_text, share_text, shares_of
from rnas.utils.files import write_text

SCHEMA_VERSION: Literal[1] = 1

DEPTH_TO_WIDTH = "r_D"
"""Name of the sum of depths as a share of the sum of depths and widths; stages are ``D1``, ``W1`` and so on."""

Span = tuple[float, float]
"""Low and high end of an interval."""

_SLACK = 0.01
"""How far a value may be outside its interval: medians of shares are brought to a sum of 1."""

_REMEDY = "rnas rules RUN --save FILE writes one"


@dataclass(frozen=True)
class SavedRule:
    """A rule, and where it comes from.

    Attributes:
        rule: the proportions.
        intervals: by quantity, as :attr:`values` names them: the ends, in [0, 1], of an interval around its value.
        confidence: of the intervals, in (0, 1).
        source: the run that it was fitted on, or the publication; empty where nothing is known.
        metric: the score that it is good for; empty where nothing is known.
        ledger: hash of the evaluations that it was fitted on, where it was.
        evaluations: how many they are.
        budgets: FLOPs that they were made at, ascending.

    Raises:
        InputError: an interval of an unknown quantity, one that does not hold its value, or budgets out of order.
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
            raise InputError(f"confidence {self.confidence:g} of a rule's intervals; write one between 0 and 1")
        values = self.values
        for name, (low, high) in self.intervals.items():
            if name not in values:
                raise InputError(f"an interval of {name!r}; the quantities of this rule are {', '.join(values)}")
            if not (0 <= low <= high <= 1 and low - _SLACK <= values[name] <= high + _SLACK):
                raise InputError(
                    f"the interval of {name}, {low:g} to {high:g}, must be in 0 to 1 and hold {values[name]:g}"
                )
        if list(self.budgets) != sorted(set(self.budgets)):
            raise InputError(f"budgets {list(self.budgets)} of a rule; write each once, ascending")

    @property
    def values(self) -> dict[str, float]:
        """Every quantity by name: shares of depth ``D1``... and of width ``W1``..., each summing to 1, and ``r_D``."""
        depths = {f"D{stage}": share for stage, share in enumerate(shares_of(self.rule.depths), 1)}
        widths = {f"W{stage}": share for stage, share in enumerate(shares_of(self.rule.widths), 1)}
        return {**depths, **widths, DEPTH_TO_WIDTH: self.rule.depth_share}

    def sentence(self) -> str:
        """The rule in words, such as ``D1:D2:D3 = 2 : 2 : 1, W1:W2:W3 = 2 : 2.5 : 1, depth to width 7 : 3 (r_D .70)``.

        Each proportion has its smallest part as 1. Intervals, where known, follow as shares.
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
        """What the file holds, as JSON values."""
        return _File.of(self).model_dump(mode="json")

    def save(self, path: Path | str) -> None:
        """Write it as JSON, whole or not at all, over what is there.

        Raises:
            OSError: it cannot be written.
        """
        write_text(Path(path), f"{_File.of(self).model_dump_json(indent=2)}\n")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: there is no such file, or it is no rule; it says what is wrong.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"{path} does not exist; give the file of a rule: {_REMEDY}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read as a rule: {error}") from None
        try:
            content = _File.model_validate_json(text)
        except ValidationError as error:
            fault = error.errors()[0]
            where = "".join(f"{part}: " for part in fault["loc"])
            raise InputError(f"{path} is no rule: {where}{fault['msg']}; {_REMEDY}") from None
        try:
            return cls(
                rule=Rule(content.depths, content.widths, content.depth_to_width),
                **content.model_dump(exclude={"schema_version", "depths", "widths", "depth_to_width"}),
            )
        except InputError as error:
            raise InputError(f"{path} is no rule: {error}; {_REMEDY}") from None

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
    """The JSON of a rule; see :class:`SavedRule`."""

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
    """The rule ``robust-scaling``, or that of a file.

    Raises:
        InputError: it is neither.
    """
    named = _NAMED.get(str(text).strip().lower())
    return SavedRule.load(text) if named is None else named
