"""Evaluate by calling a function of the user's."""

import inspect
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, PositiveInt

from rnas import registry
from rnas.errors import InputError
from rnas.nas.evaluators._guard import metric_value
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Status, Task
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape
from rnas.utils.model import Model

Function = Callable[..., Evaluation | Mapping[str, float]]
"""Takes an architecture, or a task and a context."""


class CallSettings(Model):
    """Hold ``{call: "package.module:name", ...}`` of a config."""

    call: str
    """Place of the function, ``package.module:name``; it takes an architecture, or a task and a context, and returns
    metrics by name, or an Evaluation.
    """
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (3, 32, 32)
    """Shape (C, H, W) of the images that FLOPs are counted at."""
    num_classes: PositiveInt = 10
    """Number of classes."""


class Call(Evaluator):
    """Call ``f(architecture)`` or ``f(task, context)``. An exception in it becomes a failed evaluation.

    The context's folder is one of the evaluation alone, and empty. Files in it are stored with the search.

    Args:
        settings: settings that name the function.
        space: searched space.
        function: the function itself, if it is given as an object; None imports it when it is first needed.
    """

    Settings: ClassVar[type[BaseModel]] = CallSettings
    instant: ClassVar[bool] = False

    def __init__(self, settings: CallSettings, space: SearchSpace, function: Function | None = None) -> None:
        self._settings = settings
        self._space = space
        self._given = function

    def __reduce__(self) -> tuple[Any, ...]:
        # A function is not always picklable where its name is.
        given = self._given
        with suppress(InputError):
            given = None if _imported(self._settings.call) is given else given
        return type(self), (self._settings, self._space, given)

    @classmethod
    def image_format(cls, settings: CallSettings) -> tuple[Shape, int]:
        """Return the shape of one image and the number of classes, as the settings give them."""
        return settings.input_shape, settings.num_classes

    @property
    def settings(self) -> CallSettings:
        """Return the settings it was made with."""
        return self._settings

    @property
    def notes(self) -> tuple[str, ...]:
        """Return where the results come from."""
        return (f"Results were computed by {self._settings.call}.",)

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return the result of the function.

        Raises:
            TypeError: it returned neither an Evaluation nor numbers by name.
        """
        started = time.perf_counter()
        result = self._called(task, context)
        if isinstance(result, Evaluation):
            return result
        if not isinstance(result, Mapping):
            raise TypeError(f"{self._settings.call} returned {type(result).__name__}, not metrics by name")
        metrics = {str(name): metric_value(str(name), value) for name, value in result.items()}
        return Evaluation(
            Status.COMPLETE,
            metrics=metrics,
            seconds=time.perf_counter() - started,
            provenance={"call": self._settings.call},
        )

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Time one call: only the function knows what it would need."""
        started = time.perf_counter()
        self._called(task, context)
        return EvaluationEstimate(seconds=time.perf_counter() - started)

    @cached_property
    def function(self) -> Function:
        """Return the function; raise InputError if nothing has that name, or it takes other arguments."""
        found = self._given or _imported(self._settings.call)
        _takes_one(self._settings.call, found)
        return found

    @cached_property
    def _of_architecture(self) -> bool:
        return _takes_one(self._settings.call, self.function)

    def _called(self, task: Task, context: Context) -> Evaluation | Mapping[str, float]:
        if self._of_architecture:
            return self.function(task.architecture)
        if context.folder is None:
            return self.function(task, context)
        with _own_folder(context.folder / _name(task)) as folder:
            return self.function(task, replace(context, folder=folder))


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Make an empty folder for the block, without what an evaluation that was killed left; it stays if it is used."""
    if folder.exists():
        shutil.rmtree(folder)
    while not folder.exists():
        with suppress(FileNotFoundError):  # Another evaluation has just removed the parent, which was empty.
            folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()


def _name(task: Task) -> str:
    """Return the name of a task's folder, such as ``KEY-SEED-epochs-3``."""
    fidelity = "".join(f"-{name}-{value}" for name, value in task.fidelity.items())
    return re.sub(r"[^\w.-]", "_", f"{arch.key(task.architecture)}-{task.seed}{fidelity}")


def _takes_one(call: str, function: Function) -> bool:
    """Return whether a function takes one argument, the architecture, and not two; raise InputError if neither."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    parameters = signature.parameters.values()
    if not _accepts(signature, 1) and not _accepts(signature, 2):
        raise InputError(
            f"evaluator {call}: the function takes {signature}; write it as f(architecture), or as f(task, context)"
        )
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return (
        _accepts(signature, 1)
        and len(needed) <= 1
        and not any(p.kind is p.VAR_POSITIONAL or p.name == "context" for p in parameters)
    )


def _accepts(signature: inspect.Signature, arguments: int) -> bool:
    try:
        signature.bind(*range(arguments))
    except TypeError:
        return False
    return True


def _imported(call: str) -> Function:
    """Return the function of ``package.module:name``; raise InputError if it cannot be found."""
    function: Function = registry.imported(call, "evaluator")
    if not callable(function):
        raise InputError(f"evaluator {call!r}: not a function")
    return function
