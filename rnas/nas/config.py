"""The configuration of a run: small YAML, every key checked, defaults for all but what differs."""

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from rnas import registry
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Evaluator, ProvidesFinalEvaluator
from rnas.nas.objective import Objective
from rnas.nas.problem import problem_of
from rnas.nas.space import SearchSpace
from rnas.nas.strategy import Problem, Strategy
from rnas.utils.model_keys import known_keys
from rnas.utils.provenance import json_hash

_NOT_OF_THE_SEARCH = frozenset({"budget", "final_evaluation", "hours", "workers", "device", "storage"})
_DEFAULT_OBJECTIVES = (
    Objective(metric="robust_accuracy", direction="maximize"),
    Objective(metric="flops", direction="minimize"),
)


class FinalEvaluation(BaseModel):
    """What a front is judged by for good, when a search is done.

    Attributes:
        seeds: each member is trained again so often, with seeds that the search did not choose by.
        attacks: by which the networks are then attacked, on the test split of the data.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: PositiveInt = 3
    attacks: tuple[str, ...] = Field(("autoattack-cascade",), min_length=1)


class Config(BaseModel):
    """A run's configuration as it is written.

    Attributes:
        name: of the run; its directory's, unless given.
        space: name of a search space, or ``{name: NAME, ...}`` with the space's settings.
        evaluator: ``{train: {...}}``, ``{table: FILE, ...}``, ``{call: "package.module:name"}``, or another
            registered evaluator by its name.
        objectives: what to trade off; robust accuracy up and FLOPs down, where networks are trained.
        strategy: name of a strategy, or ``{name: NAME, ...}`` with its options.
        seed: of everything random.
        budget: evaluations in all; one at a lower rung counts as its share of the
            cost of one at the highest.
        final_evaluation: how the front is judged for good at the end: trained again with several seeds at the highest
            fidelity, and attacked by AutoAttack; None leaves it at what the search measured.
        hours: start nothing new after so long; None is no limit.
        batch_size: proposals made at once.
        promote: share of each batch that goes on to the next rung, where it has one;
            at least half, since short adversarial training screens networks and does not rank them.
        time_limit: seconds after which an evaluation is given up; None is no limit.
        workers: evaluations at once, each in a process of its own; 0 runs them in the searching process;
            None is one a CPU core, or one a GPU.
        device: ``auto``, ``cpu`` or ``cuda``.
        storage: URL of a database for the ledger, such as postgresql+psycopg://...; None is a file in the run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    space: dict[str, Any] = {"name": "robust-resnet"}
    evaluator: dict[str, Any] = {"train": {}}
    objectives: tuple[Objective, ...] = ()
    strategy: dict[str, Any] = {"name": "surrogate-nsga2"}
    seed: int = Field(0, ge=0, lt=2**31)
    budget: PositiveInt = 100
    final_evaluation: FinalEvaluation | None = None
    hours: PositiveFloat | None = None
    batch_size: PositiveInt = 4
    promote: float = Field(0.5, ge=0.5, le=1)
    time_limit: PositiveFloat | None = None
    workers: NonNegativeInt | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    storage: str | None = None

    @field_validator("space", "strategy", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("space", "strategy")
    @classmethod
    def _named(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("name"), str):
            raise ValueError("it needs a name")
        return value

    @classmethod
    def parse(cls, data: Any, source: str) -> Self:
        """Check a mapping read from somewhere; InputError names source, key and fault."""
        if not isinstance(data, Mapping):
            raise InputError(f"{source}: a config is a mapping of keys to values")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise explained(error, source, cls) from None

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the search: its length, place and machine do not, nor what comes after it."""
        return json_hash(self.model_dump(mode="json", exclude=set(_NOT_OF_THE_SEARCH)))


@dataclass(frozen=True)
class Setup:
    """A configuration with nothing left open, and the parts it names."""

    config: Config
    space: SearchSpace
    evaluator: Evaluator
    problem: Problem
    strategy: Strategy


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; InputError where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def read_config(path: Path) -> dict[str, Any]:
    """A config file as a mapping, unchecked; InputError where it is none."""
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: a config is a mapping of keys to values")
    return content


def to_yaml(config: Config) -> str:
    """The configuration as text; what is None is left out."""
    return yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False, width=100)


def set_key(data: dict[str, Any], assignment: str) -> None:
    """Apply ``key.inner=value``, the value as YAML, to a nested mapping; InputError where that cannot be."""
    path, sign, text = assignment.partition("=")
    keys = path.strip().split(".")
    if not sign or not all(keys):
        raise InputError(f"--set {assignment!r}: write KEY=VALUE, such as --set evaluator.train.fidelity.epochs=4")
    inner = data
    for key in keys[:-1]:
        if isinstance(inner.get(key), str) and key in ("space", "strategy", "recipe"):
            inner[key] = {"name": inner[key]}
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise InputError(f"--set {assignment!r}: {key} is not a mapping")
    try:
        inner[keys[-1]] = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise InputError(f"--set {assignment!r}: the value is not YAML") from None


def resolve(config: Config, folder: Path, source: str) -> Setup:
    """Find the parts that a configuration names and fill in their defaults.

    Args:
        config: as written.
        folder: where its relative paths start.
        source: what to call it in messages.

    Raises:
        InputError: a part is unknown, a setting is wrong, data are missing, or a band is empty.
    """
    evaluator_class = _evaluator_class(config, source)
    evaluator_settings = _settings(evaluator_class.Settings, config.evaluator, folder, f"{source}: evaluator")
    with _within(f"{source}: space"):
        space_class = registry.load(registry.SEARCH_SPACES, config.space["name"])
    settings = _settings(space_class.Settings, _options(config.space), folder, f"{source}: space")
    shape, classes = evaluator_class.image_format(evaluator_settings)
    with _within(f"{source}: space"):
        space: SearchSpace = space_class(settings, shape, classes)
    evaluator: Evaluator = evaluator_class(evaluator_settings, space)
    if config.final_evaluation is not None:
        if not isinstance(evaluator, ProvidesFinalEvaluator):
            raise InputError(
                f"{source}: final_evaluation: this evaluator trains no networks to attack; leave final_evaluation out"
            )
        evaluator.final_evaluator(config.final_evaluation.attacks)
    objectives = config.objectives or _default_objectives(evaluator, source)
    with _within(source):
        problem = problem_of(space, evaluator, objectives)
    with _within(f"{source}: strategy"):
        strategy_class = registry.load(registry.STRATEGIES, config.strategy["name"])
        options = _strategy_options(strategy_class, config.strategy)
    with _within(source):
        strategy: Strategy = strategy_class(problem, **options)
    full = config.model_copy(
        update={
            "space": {"name": config.space["name"], **settings.model_dump(mode="json")},
            "evaluator": evaluator.settings.model_dump(mode="json"),
            "objectives": objectives,
        }
    )
    return Setup(full, space, evaluator, problem, strategy)


def explained(error: ValidationError, source: str, model: type[BaseModel] | None = None) -> InputError:
    """The first fault of a validation in one line, an unknown key before a missing one: it may be that one, mistyped.

    Args:
        error: of the validation.
        source: what to call the input.
        model: that was validated, to say which keys it knows.
    """
    faults = error.errors()
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        known = () if model is None else known_keys(model, fault["loc"][:-1])
        message = f"unknown key; it has {', '.join(known)}" if known else "unknown key"
    elif "input" in fault and fault["type"] not in ("value_error", "missing"):
        message = f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"
    return InputError(f"{source}: {where}: {message}" if where else f"{source}: {message}")


def available_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _within(part: str) -> Iterator[None]:
    """Say in which part of a config something is wrong."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{part}: {error}") from None


def _options(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "name"}


def _settings(model: type[BaseModel], values: Mapping[str, Any], folder: Path, source: str) -> BaseModel:
    try:
        return model.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        raise explained(error, source, model) from None


def _evaluator_class(config: Config, source: str) -> Any:
    known = registry.names(registry.EVALUATORS)
    kinds = [name for name in known if name in config.evaluator]
    if len(kinds) != 1:
        raise InputError(f"{source}: evaluator: name one of {', '.join(known)}, as in evaluator: {{train: {{}}}}")
    return registry.load(registry.EVALUATORS, kinds[0])


def _default_objectives(evaluator: Evaluator, source: str) -> tuple[Objective, ...]:
    if _DEFAULT_OBJECTIVES[0].metric in evaluator.bounds:
        return _DEFAULT_OBJECTIVES
    raise InputError(
        f"{source}: objectives: name what to trade off, such as [{{metric: flops, direction: minimize}}, ...]"
    )


def _strategy_options(strategy_class: Any, strategy: Mapping[str, Any]) -> dict[str, Any]:
    options = _options(strategy)
    known = list(inspect.signature(strategy_class).parameters)[1:]
    for name in options:
        if name not in known:
            raise InputError(f"unknown key {name!r}; it has {', '.join(known) or 'no options'}")
    return options
