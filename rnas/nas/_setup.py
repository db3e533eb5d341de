"""Find the parts that a configuration names, or take them as objects."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

import numpy as np
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from rnas import registry
from rnas.errors import InputError
from rnas.nas._problem import problem_of
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators._guard import classified
from rnas.nas.evaluators.call import Call, CallSettings, Function
from rnas.nas.evaluators.costs import costs_of
from rnas.nas.evaluators.evaluator import (
    Context,
    Evaluates,
    EvaluationEstimate,
    Evaluator,
    ProvidesFinalEvaluator,
    Task,
)
from rnas.nas.evaluators.measured import Measured
from rnas.nas.execution._local import executor_of, slots, workers_in_memory
from rnas.nas.execution.executor import Executor
from rnas.nas.execution.ray_settings import cluster
from rnas.nas.ledger import Record
from rnas.nas.objective import Objective
from rnas.nas.space import SearchSpace, find_space
from rnas.nas.strategy import Problem, Strategy
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.utils._text import shown
from rnas.utils._threads import one_thread
from rnas.utils._yaml_files import checked, explained

_DEFAULT_OBJECTIVES = (
    Objective(metric="robust_accuracy", direction="maximize"),
    Objective(metric="flops", direction="minimize"),
)
OBJECT = "object"
"""Key of a part that only exists as an object: its class and settings do not suffice to make it again."""

_SAMPLES = 32

StrategyObject = Strategy | Callable[[Problem], Strategy]
"""A strategy, or what makes one for a problem, such as its class."""


@dataclass(frozen=True)
class Objects:
    """Hold parts of a search that are given as objects; None means that the configuration names the part.

    Attributes:
        space: bound to images already.
        evaluator: an evaluator, or a function that takes an architecture and returns metrics by name.
        strategy: a strategy, or what makes one for a problem.
    """

    space: SearchSpace | None = None
    evaluator: Evaluator | Function | None = None
    strategy: StrategyObject | None = None


NO_OBJECTS = Objects()
"""Every part is named by the configuration."""


@dataclass(frozen=True)
class Setup:
    """Hold a configuration with nothing left open, and its parts."""

    config: SearchConfig
    space: SearchSpace
    evaluator: Evaluator
    problem: Problem
    strategy: Strategy
    recorded: bool = False
    """Whether parts are left out that only code which the configuration names could make; see :func:`recorded`."""

    def executor(
        self,
        folder: Path | None = None,
        *,
        workers: int | None = None,
        seconds: float | None = None,
        evaluator: Evaluates | None = None,
        records: Sequence[Record] = (),
    ) -> AbstractContextManager[Executor]:
        """Provide what runs evaluations within the block; see :func:`rnas.nas.execution._local.executor_of`.

        Args:
            folder: folder for large results.
            workers: this time only; None is the configuration's own number.
            seconds: time after which an evaluation is stopped.
            evaluator: runs the tasks; None is the search's own.
            records: records of the search, whose measured costs are not measured again.
        """
        self.require_code()
        number = self.workers if workers is None else workers
        config = self.config
        runs = self.measuring(evaluator or self.evaluator, records)
        return executor_of(runs, number, folder, device=config.device, seconds=seconds, ray=config.ray)

    def measuring(self, evaluator: Evaluates, records: Sequence[Record] = ()) -> Evaluates:
        """Return an evaluator that first measures what the configuration's costs ask for; the same if they ask nothing.

        Args:
            evaluator: evaluates the networks.
            records: records of the search, whose measured costs are not measured again.
        """
        costs = self.config.costs
        if costs is None or not costs.measured:
            return evaluator
        found: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        for record in records:
            if record.evaluation is not None and (measured := costs_of(record.evaluation)):
                found.setdefault(record.key, measured)
        return Measured(evaluator, costs, self.space.input_shape, self.space.num_classes, found)

    @property
    def workers(self) -> int | None:
        """Return the configuration's number of workers; ``auto`` measures the memory of a large network on a GPU."""
        number = self.config.workers
        if number != "auto":
            return number
        if cluster(self.config.ray) is not None or slots(None, self.config.device)[0] == "cpu":
            return None
        sample = self.space.sample(_SAMPLES, np.random.default_rng(self.config.seed))
        largest = self.space.decode(sample[np.argmax(self.space.cost(sample).flops)])
        return workers_in_memory(self.evaluator, Task(largest, self.config.seed, self.evaluator.rungs[-1].fidelity))

    def estimate(self, architecture: Architecture, device: str) -> EvaluationEstimate:
        """Measure what one evaluation at the highest rung takes here.

        Raises:
            InputError: the architecture cannot be evaluated.
        """
        self.require_code()
        task = Task(architecture, self.config.seed, self.evaluator.rungs[-1].fidelity)
        with one_thread(device):
            try:
                return self.evaluator.estimate(task, Context(device))
            except Exception as error:  # Whatever a user's own function raises.
                raise InputError(f"{arch.key(architecture)} cannot be evaluated: {classified(error)[1]}") from None

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest possible value of each metric that has them."""
        costs = self.config.costs
        return {**self.evaluator.bounds, **({} if costs is None else costs.bounds)}

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes that a reader of the results must know."""
        costs = self.config.costs
        # Parts of a search that is only read have the notes of its costs already.
        return (*self.evaluator.notes, *(() if costs is None or self.recorded else costs.notes))

    def require_code(self) -> None:
        """Import what the configuration names; raise InputError if that fails."""
        if isinstance(self.evaluator, Call):
            _ = self.evaluator.function


def resolve(config: SearchConfig, folder: Path, source: str, objects: Objects = NO_OBJECTS) -> Setup:
    """Find the parts that a configuration names, or take them as objects, and fill in their defaults.

    Args:
        config: configuration as written. If a part is an object, its entry is replaced by the place that the object
            comes from.
        folder: folder at which its relative paths start.
        source: what to call it in messages.
        objects: parts that are given as objects.

    Raises:
        InputError: a part is unknown, a setting is wrong, data are missing, a band is empty, or parts do not fit.
    """
    space, evaluator, space_record, evaluator_record = _space_and_evaluator(config, folder, source, objects)
    if config.final_evaluation is not None:
        if not isinstance(evaluator, ProvidesFinalEvaluator):
            raise InputError(
                f"{source}: final_evaluation: this evaluator trains no networks to attack; leave final_evaluation out"
            )
        evaluator.final_evaluator(config.final_evaluation.attacks)
    objectives = config.objectives or _default_objectives(evaluator, source)
    with _within(source):
        problem = problem_of(space, evaluator, objectives, config.costs)
    strategy, strategy_record = _strategy(config, problem, source, objects.strategy)
    if config.asynchronous:
        name = f"{source}: asynchronous: strategy {strategy_record['name']}"
        require_single_proposals(strategy, name, "leave asynchronous out")
    full = config.model_copy(
        update={
            "space": space_record,
            "evaluator": evaluator_record,
            "objectives": objectives,
            "strategy": strategy_record,
        }
    )
    return Setup(full, space, evaluator, problem, strategy)


def require_single_proposals(strategy: Strategy, name: str, fix: str) -> None:
    """Refuse a strategy that cannot propose one by one, as an asynchronous search asks it to.

    Args:
        strategy: the strategy.
        name: what to call it in the message.
        fix: what to do instead.

    Raises:
        InputError: the strategy proposes batches only.
    """
    if getattr(strategy, "needs_batches", False):
        raise InputError(f"{name} proposes batches only; {fix}")


def described(objects: Objects) -> dict[str, dict[str, Any]]:
    """Return how a configuration records the objects that are given, by the name of its field."""
    found = {}
    if objects.space is not None:
        found["space"] = _space_record(objects.space)
    if objects.strategy is not None:
        found["strategy"] = _strategy_record(objects.strategy)
    if isinstance(objects.evaluator, Evaluator):
        found["evaluator"] = _evaluator_record(objects.evaluator)
    elif objects.evaluator is not None:
        found["evaluator"] = {"call": registry.origin(objects.evaluator)}
    return found


def _space_and_evaluator(
    config: SearchConfig, folder: Path, source: str, objects: Objects
) -> tuple[SearchSpace, Evaluator, dict[str, Any], dict[str, Any]]:
    """Return space and evaluator, which need one image format, and how a configuration records them."""
    given = objects.evaluator
    made_by: Any
    settings: Any
    if isinstance(given, Evaluator):
        made_by, settings = type(given), given.settings
    elif given is not None:
        if not callable(given):
            raise InputError("evaluator: give an Evaluator, or a function from an architecture to metrics by name")
        made_by, settings = Call, CallSettings(call=registry.origin(given), **_image_format(objects.space))
    else:
        made_by, values = evaluator_class(config, source, _image_format(objects.space))
        settings = checked(made_by.Settings, values, f"{source}: evaluator", folder)
    shape, classes = made_by.image_format(settings)
    if objects.space is not None:
        space, space_record = objects.space, _space_record(objects.space)
        own = space.input_shape, space.num_classes
        if own != (shape, classes):
            raise InputError(
                f"space: it is bound to images of shape {own[0]} and {own[1]} classes; the evaluator has images of "
                f"shape {shape} and {classes} classes: make the space for these"
            )
    else:
        space, space_record = named_space(config, folder, source, (shape, classes))
    if isinstance(given, Evaluator):
        return space, given, space_record, _evaluator_record(given)
    evaluator: Evaluator = Call(settings, space, given) if given is not None else made_by(settings, space)
    return space, evaluator, space_record, _evaluator_record(evaluator)


def _image_format(space: SearchSpace | None) -> dict[str, Any]:
    """Return the settings of a function that say which images a given space is bound to."""
    return {} if space is None else {"input_shape": space.input_shape, "num_classes": space.num_classes}


def named_space(
    config: SearchConfig, folder: Path, source: str, images: tuple[Any, int]
) -> tuple[SearchSpace, dict[str, Any]]:
    """Return the space that a configuration names, and how it is recorded."""
    name = config.space["name"]
    with _within(f"{source}: space"):
        space_class: Any = find_space(name)
        _require_makeable(space_class, config.space, "space")
    settings = checked(space_class.Settings, _options(config.space), f"{source}: space", folder)
    with _within(f"{source}: space"):
        space: SearchSpace = space_class(settings, *images)
    return space, {"name": name, **settings.model_dump(mode="json")}


def _space_record(space: SearchSpace) -> dict[str, Any]:
    name = registry.name_of(registry.SEARCH_SPACES, type(space))
    if not _is_made_by(type(space), "settings", "input_shape", "num_classes"):
        return {"name": name, OBJECT: True}
    return {"name": name, **space.settings.model_dump(mode="json")}


def _evaluator_record(evaluator: Evaluator) -> dict[str, Any]:
    place = registry.name_of(registry.EVALUATORS, type(evaluator))
    settings: dict[str, Any] = evaluator.settings.model_dump(mode="json")
    if ":" not in place:
        return settings
    if not _is_made_by(type(evaluator), "settings", "space"):
        return {"class": place, OBJECT: True}
    return {"class": place, "settings": settings}


def _is_made_by(part: type, *names: str) -> bool:
    """Return whether a class takes these arguments alone, so that its settings are enough to make it again."""
    return tuple(inspect.signature(part).parameters) == names


def evaluator_class(config: SearchConfig, source: str, images: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """Return the class of the evaluator that a configuration names, and the values of its settings."""
    written = config.evaluator
    if "class" in written:
        with _within(f"{source}: evaluator"):
            found = registry.imported(str(written["class"]), "evaluator")
            if not (isinstance(found, type) and hasattr(found, "Settings") and hasattr(found, "evaluate")):
                raise InputError(f"{written['class']} is not the class of an evaluator")
            _require_makeable(found, written, "evaluator")
        return found, written.get("settings", {})
    known = registry.names(registry.EVALUATORS)
    kinds = [name for name in known if name in written]
    if len(kinds) != 1:
        raise InputError(f"{source}: evaluator: name one of {', '.join(known)}, as in evaluator: {{train: {{}}}}")
    found = registry.load(registry.EVALUATORS, kinds[0])
    return found, {**images, **written} if found is Call else written


def _strategy(
    config: SearchConfig, problem: Problem, source: str, given: StrategyObject | None
) -> tuple[Strategy, dict[str, Any]]:
    if given is not None:
        strategy: Any = given
        if callable(given) and (isinstance(given, type) or not hasattr(given, "propose")):
            strategy = given(*([problem] if _takes_problem(given) else []))
        if not hasattr(strategy, "propose"):
            raise InputError("strategy: give a strategy, or what makes one for a problem, such as its class")
        return strategy, _strategy_record(given)
    with _within(f"{source}: strategy"):
        strategy_class = registry.load_or_import(registry.STRATEGIES, config.strategy["name"])
        _require_makeable(strategy_class, config.strategy, "strategy")
        problems = [problem] if _takes_problem(strategy_class) else []
        options = _strategy_options(strategy_class, config.strategy, len(problems))
    with _within(source):
        try:
            strategy = strategy_class(*problems, **options)
        except InputError:
            raise
        except Exception as error:  # Whatever another package's class raises.
            raise InputError(f"strategy: {config.strategy['name']} cannot be made: {classified(error)[1]}") from error
        if not hasattr(strategy, "propose"):
            raise InputError(f"strategy: {config.strategy['name']} is not the class of a strategy")
        return strategy, config.strategy


def _strategy_record(given: StrategyObject) -> dict[str, Any]:
    """Return name and options of a strategy: its class needs no more than these, or there is a mark that it does."""
    name = registry.name_of(registry.STRATEGIES, given)
    if isinstance(given, type) or inspect.isfunction(given):
        return {"name": name}
    values = {field.name: getattr(given, field.name) for field in fields(given)} if is_dataclass(given) else None
    if values is None or not all(isinstance(value, str | int | float | bool | None) for value in values.values()):
        return {"name": name, OBJECT: True}
    return {"name": name, **values}


def _takes_problem(made_by: Any) -> bool:
    """Return whether a strategy's class takes a problem: all but a dataclass without such a field do."""
    return not is_dataclass(made_by) or "problem" in inspect.signature(cast(Any, made_by)).parameters


def _strategy_options(strategy_class: Any, strategy: Mapping[str, Any], first: int) -> dict[str, Any]:
    """Return the options of a strategy, which are the parameters of its class from the ``first`` on."""
    options = _options(strategy)
    known = list(inspect.signature(strategy_class).parameters)[first:]
    types = _types(strategy_class)
    for name, value in options.items():
        if name not in known:
            raise InputError(f"unknown key {name!r}; it has {', '.join(known) or 'no options'}")
        try:
            read = TypeAdapter(types[name]).validate_python(value) if name in types else value
        except ValidationError as error:
            raise explained(error, name) from None
        except PydanticSchemaGenerationError:
            continue  # The class checks types of its own.
        if isinstance(value, bool) != isinstance(read, bool):
            raise InputError(f"{name}: {shown(value)} is not of its type")
    return options


def _types(made: Any) -> dict[str, Any]:
    """Return the types of the parameters of a class or a function, as far as they are known."""
    try:
        return get_type_hints(made.__init__ if inspect.isclass(made) else made)
    except Exception:  # Names in annotations may stand for anything.
        return {}


def _require_makeable(found: Any, written: Mapping[str, Any], part: str) -> None:
    """Raise InputError if a configuration records an object that cannot be made again from it."""
    if written.get(OBJECT):
        name = registry.origin(found)
        raise InputError(f"{name} cannot be made from its settings alone: give the {part} as an object again")


@contextmanager
def _within(part: str) -> Iterator[None]:
    """Say in which part of a config something is wrong."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{part}: {error}") from None
    except OverflowError:
        raise InputError(f"{part}: its networks have costs beyond 64 bits; choose smaller sizes") from None


def _options(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "name"}


def _default_objectives(evaluator: Evaluator, source: str) -> tuple[Objective, ...]:
    if _DEFAULT_OBJECTIVES[0].metric in evaluator.bounds:
        return _DEFAULT_OBJECTIVES
    raise InputError(
        f"{source}: objectives: name what to trade off, such as [{{metric: flops, direction: minimize}}, ...]"
    )
