"""Define what networks cost beyond FLOPs and params: latency, memory, and functions of a user's own.

A function of the architecture and the shape of an image is known before an evaluation, as FLOPs are. Latency and
memory are measured on the device that evaluates, once for each architecture, and recorded with their spread.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PositiveInt

from rnas import registry
from rnas.errors import InputError, error_text
from rnas.nas.evaluators._guard import LARGEST_METRIC
from rnas.nas.evaluators.evaluator import Evaluation
from rnas.networks.architecture import Architecture, Shape
from rnas.utils._text import one_line, shown
from rnas.utils.model import Model
from rnas.utils.quantities import parse_number

LATENCY, MEMORY = "latency_ms", "peak_memory_mb"
"""Metrics that are measured: milliseconds of a batch, and 10^6 bytes."""

PROVENANCE = "costs"
"""Key in the provenance of an evaluation that holds what was measured of its network, by metric."""

CostFunction = Callable[[Architecture, Shape], float]
"""Takes an architecture and the shape (C, H, W) of one image; returns a number, NaN if it cannot be used."""

_RESERVED = ("flops", "params", LATENCY, MEMORY)
_LONGEST = 200


@dataclass(frozen=True)
class Limits:
    """Hold an inclusive range of a metric; an end that is infinite is no limit."""

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        ends = (f"{end:g}" if math.isfinite(end) else "" for end in (self.low, self.high))
        return ":".join(ends)


def _parse_limits(value: Any) -> Limits:
    if isinstance(value, Limits):
        return value
    parts = value.split(":") if isinstance(value, str) else value
    try:
        low, high = (None if part in ("", None) else parse_number(str(part)) for part in parts)
    except (TypeError, ValueError):
        raise InputError(f"{shown(value)} is not a band; write LOW:HIGH, such as 2.5:10 or :10") from None
    limits = Limits(-math.inf if low is None else low, math.inf if high is None else high)
    if limits.low > limits.high:
        raise InputError(f"band {shown(value)} is empty: its low end is above its high end")
    return limits


def _as_list(limits: Limits) -> list[float | None]:
    return [end if math.isfinite(end) else None for end in (limits.low, limits.high)]


LimitsField = Annotated[Limits, BeforeValidator(_parse_limits), PlainSerializer(_as_list)]
"""Field of a band of numbers, such as ``:10`` or ``[2.5, 10]``."""


class LatencySettings(Model):
    """Set how ``latency_ms`` is measured: the median time of the network on one batch, in milliseconds."""

    batch_size: PositiveInt = 1
    """Images of one batch."""
    threads: PositiveInt = 1
    """Threads of the CPU that run the network."""
    runtime: Literal["eager", "onnx"] = "eager"
    """``eager`` runs the module of torch; ``onnx`` runs its graph by ONNX Runtime on the CPU (extra ``onnx``)."""
    repetitions: int = Field(30, ge=5, le=10_000)
    """Number of timed batches, after some that are not timed."""
    band: LimitsField = Limits()
    """Milliseconds that a network may take; one that takes others is infeasible, and is not trained."""


class MemorySettings(Model):
    """Set how ``peak_memory_mb`` is measured: the most memory of weights and maps in an evaluation of one batch."""

    batch_size: PositiveInt = 1
    """Images of one batch."""
    band: LimitsField = Limits()
    """Millions of bytes that a network may take; one that takes others is infeasible, and is not trained."""


class FunctionSettings(Model):
    """Set a metric that a function of a user's own computes before an evaluation."""

    call: str
    """Place of the function, ``package.module:name``; it takes an architecture and the shape (C, H, W) of an image,
    and returns a number, or NaN for a network that cannot be used.
    """
    band: LimitsField = Limits()
    """Values that a network may have; others are not proposed."""


def _named_well(functions: dict[str, FunctionSettings]) -> dict[str, FunctionSettings]:
    for name in functions:
        if name in _RESERVED or not name.isidentifier():
            raise ValueError(f"{name!r} cannot be the name of a function's metric; take another such as energy_mj")
    return functions


class CostSettings(Model):
    """Set the metrics of what networks cost beyond FLOPs and params; each can be an objective."""

    latency_ms: LatencySettings | None = None
    """How latency is measured; None does not measure it."""
    peak_memory_mb: MemorySettings | None = None
    """How memory is measured; None does not measure it."""
    functions: Annotated[dict[str, FunctionSettings], AfterValidator(_named_well)] = Field({})
    """Functions of your own by the name of their metric."""

    @property
    def measured(self) -> Mapping[str, LatencySettings | MemorySettings]:
        """Return the settings of what is measured, by metric."""
        found = {LATENCY: self.latency_ms, MEMORY: self.peak_memory_mb}
        return {name: settings for name, settings in found.items() if settings is not None}

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest possible value of what is measured."""
        return dict.fromkeys(self.measured, (0.0, math.inf))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return how each metric is measured, for a reader of results."""
        notes = []
        if (latency := self.latency_ms) is not None:
            where = "by ONNX Runtime" if latency.runtime == "onnx" else "in torch"
            notes.append(
                f"{LATENCY} is the median of {latency.repetitions} timings of the network {where}, on batches of "
                f"{latency.batch_size}, with {latency.threads} thread{'s' if latency.threads > 1 else ''} on a CPU; "
                "it was measured once for each network, on the device that evaluated it."
            )
        if (memory := self.peak_memory_mb) is not None:
            notes.append(
                f"{MEMORY} is the most memory that weights and maps take at one time, on batches of "
                f"{memory.batch_size}, without the workspace of libraries."
            )
        notes += [f"{name} was computed by {one.call}." for name, one in self.functions.items()]
        return tuple(notes)


@dataclass(frozen=True)
class KnownCosts:
    """Compute the metrics of a user's functions.

    Attributes:
        settings: the functions by the name of their metric.
        input_shape: (C, H, W) of one image.
    """

    settings: Mapping[str, FunctionSettings]
    input_shape: Shape
    _functions: dict[str, CostFunction] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(self, architecture: Architecture) -> dict[str, float]:
        """Return the metrics of an architecture; NaN for one outside a band, which is then not proposed.

        Raises:
            InputError: a function cannot be imported, fails, or returns no number.
        """
        return {name: self._value(name, architecture) for name in self.settings}

    def _value(self, name: str, architecture: Architecture) -> float:
        settings = self.settings[name]
        if name not in self._functions:
            # It is imported when it is first needed, so that reading a search runs no code.
            self._functions[name] = registry.imported(settings.call, f"costs.functions.{name}")
        try:
            value = float(self._functions[name](architecture, self.input_shape))
        except Exception as error:  # Whatever a user's own function raises.
            reason = one_line(f"{type(error).__name__}: {error_text(error)}", _LONGEST)
            raise InputError(
                f"costs.functions.{name}: {settings.call} failed ({reason}); it takes an architecture and the shape of "
                "an image, and returns a number"
            ) from None
        if abs(value) > LARGEST_METRIC:
            raise InputError(f"costs.functions.{name}: {settings.call} gave {value:g}, beyond {LARGEST_METRIC:g}")
        return value if value in settings.band else math.nan


def with_first_measured(evaluation: Evaluation, earlier: Sequence[Evaluation]) -> Evaluation:
    """Return an evaluation with the costs that were first measured of its network.

    Args:
        evaluation: the new one.
        earlier: earlier evaluations of the same network, in the order of the ledger.
    """
    first = next((found for one in earlier if (found := costs_of(one))), None)
    if first is None or not costs_of(evaluation):
        return evaluation
    metrics = {name: float(one["median"]) for name, one in first.items()} if evaluation.metrics else {}
    return replace(
        evaluation,
        metrics={**evaluation.metrics, **metrics},
        provenance={**evaluation.provenance, PROVENANCE: first},
    )


def costs_of(evaluation: Evaluation) -> Mapping[str, Mapping[str, Any]]:
    """Return what an evaluation holds of measured costs: for each metric its median, quartiles and settings."""
    found: Mapping[str, Mapping[str, Any]] = evaluation.provenance.get(PROVENANCE, {})
    return found
