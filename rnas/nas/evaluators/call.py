"""An evaluator that calls a function of the user's."""

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, PositiveInt

from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, CostEstimate, Evaluation, Rung, Status, Task
from rnas.nas.space import SearchSpace
from rnas.networks.architecture import Architecture, Shape

Function = Callable[[Task, Context], Evaluation | Mapping[str, float]]


class CallSettings(BaseModel):
    """Hold ``{call: "package.module:name", ...}`` of a config.

    Attributes:
        call: where the function is; it is given a task and a context, and returns metrics by name, or an Evaluation.
        input_shape: (C, H, W) of the images that FLOPs are counted at.
        num_classes: number of classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    call: str
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (3, 32, 32)
    num_classes: PositiveInt = 10


class Call:
    """Calls ``f(task, context)``. What it raises becomes a failed evaluation, as with every evaluator.

    Raises:
        InputError: from the constructor, when there is no such function.
    """

    Settings: ClassVar[type[BaseModel]] = CallSettings
    instant: ClassVar[bool] = False

    def __init__(self, settings: CallSettings, space: SearchSpace) -> None:
        self._settings = settings
        self._space = space
        self._function = _imported(settings.call)

    def __reduce__(self) -> tuple[Any, ...]:
        # A function is not always picklable where its name is.
        return type(self), (self._settings, self._space)

    @classmethod
    def image_format(cls, settings: CallSettings) -> tuple[Shape, int]:
        """Shape of one image and number of classes, as the settings give them."""
        return settings.input_shape, settings.num_classes

    @property
    def settings(self) -> CallSettings:
        """The settings it was made with."""
        return self._settings

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Nothing is known of the function's metrics."""
        return {}

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """One: the function has a fidelity of its own."""
        return (Rung(),)

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the results come from."""
        return (f"Results were computed by {self._settings.call}.",)

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Nothing beyond params and FLOPs, which the space gives."""
        return [{} for _ in architectures]

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """What the function returns.

        Raises:
            TypeError: it returned neither an Evaluation nor numbers by name.
        """
        started = time.perf_counter()
        result = self._function(task, context)
        if isinstance(result, Evaluation):
            return result
        if not isinstance(result, Mapping):
            raise TypeError(f"{self._settings.call} returned {type(result).__name__}, not metrics by name")
        metrics = {str(name): _number(self._settings.call, str(name), value) for name, value in result.items()}
        return Evaluation(
            Status.COMPLETE,
            metrics=metrics,
            seconds=time.perf_counter() - started,
            provenance={"call": self._settings.call},
        )

    def estimate(self, task: Task, context: Context) -> CostEstimate:
        """Time one call: only the function knows what it would need."""
        started = time.perf_counter()
        self._function(task, context)
        return CostEstimate(seconds=time.perf_counter() - started)


def _number(call: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{call} returned {value!r} as metric {name!r}, not a number")
    return float(value)


def _imported(call: str) -> Function:
    """The function of ``package.module:name``; InputError if it does not exist."""
    module, colon, name = call.partition(":")
    if not (module and colon and name):
        raise InputError(f"evaluator call {call!r}: write package.module:name")
    try:
        function = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"evaluator call {call!r}: cannot be imported ({reason[0]}); "
            "install its package, or put its folder on PYTHONPATH"
        ) from None
    if not callable(function):
        raise InputError(f"evaluator call {call!r}: not a function")
    return function
