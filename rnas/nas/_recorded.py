"""Describe the parts of a search without importing the code that its configuration names.

A configuration can name code, as in ``evaluator: {call: "package.module:name"}``. It is imported when the search is
created, runs or is resumed. To read a search, also one of a stranger, what its ledger records of these parts suffices.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, PositiveInt, ValidationError

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.errors import InputError, LedgerError
from rnas.nas._problem import KnownMetrics
from rnas.nas._setup import OBJECT, Setup, evaluator_class, named_space
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Rung, Task
from rnas.nas.space import SearchSpace, SpaceSettings, Variable
from rnas.nas.strategy import Problem, Proposal, View
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Costs
from rnas.utils._yaml_files import checked, explained


class _Rung(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fidelity: dict[str, Any]
    share: FiniteFloat


class Facts(BaseModel):
    """Hold what a reader of a search must know of its parts, as its ledger records it.

    Attributes:
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
        rungs: fidelity and share of each rung, cheapest first.
        notes: notes of the evaluator.
        instant: whether evaluations take no time to speak of.
        bounds: least and greatest possible value of metrics; None where a metric has no such bound.
        reference: point of the objectives, in minimised form; None where nothing is known.
        ideal: point of the objectives, in the same form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    num_classes: PositiveInt
    rungs: tuple[_Rung, ...]
    notes: tuple[str, ...]
    instant: bool
    bounds: dict[str, tuple[FiniteFloat | None, FiniteFloat | None]]
    reference: tuple[FiniteFloat | None, ...]
    ideal: tuple[FiniteFloat | None, ...]

    @classmethod
    def of(cls, setup: Setup) -> "Facts":
        """Return the facts of parts that are loaded."""
        return cls(
            input_shape=setup.space.input_shape,
            num_classes=setup.space.num_classes,
            rungs=tuple(_Rung(fidelity=dict(rung.fidelity), share=rung.share) for rung in setup.evaluator.rungs),
            notes=setup.notes,
            instant=setup.evaluator.instant,
            bounds={name: _ends(*ends) for name, ends in setup.bounds.items()},
            reference=_point(setup.problem.reference),
            ideal=_point(setup.problem.ideal),
        )

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the bounds with infinite ends where there are none."""
        return {
            name: (-math.inf if low is None else low, math.inf if high is None else high)
            for name, (low, high) in self.bounds.items()
        }

    @classmethod
    def read(cls, content: Any, source: str) -> "Facts":
        """Return the facts that a ledger records; raise LedgerError if it has none that are whole."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            fault = explained(error, f"{source}: facts", cls)
            raise LedgerError(f"{fault}; restore it from a copy") from None


def code_of(config: SearchConfig) -> list[str]:
    """Return the names of a configuration that importing would run as code, such as ``package.module:name``."""
    evaluator = config.evaluator
    found = [str(evaluator[key]) for key in ("call", "class") if key in evaluator]
    if config.costs is not None:
        found += [function.call for function in config.costs.functions.values()]
    for group, part in ((registry.SEARCH_SPACES, config.space), (registry.STRATEGIES, config.strategy)):
        if registry.is_import(group, part["name"]):
            found.append(part["name"])
    options = [value for name, value in config.strategy.items() if name != "name"]
    return [*found, *(text for text in _texts(options) if ":" in text)]


def can_be_made(config: SearchConfig) -> bool:
    """Return whether all parts can be made without importing code that the configuration names, to read."""
    parts = (config.space, config.evaluator, config.strategy)
    # A function is imported when it is first called.
    code = [name for name in code_of(config) if name != config.evaluator.get("call")]
    return not code and not any(part.get(OBJECT) for part in parts)


def recorded(config: SearchConfig, folder: Path, source: str, facts: Facts) -> Setup:
    """Return the parts of a search that reading needs; those that only code could make raise InputError when used.

    Args:
        config: configuration with nothing left open.
        folder: folder at which its relative paths start.
        source: what to call it in messages.
        facts: what its ledger records.

    Raises:
        InputError: a registered part is unknown, or a setting is wrong.
    """
    images = facts.input_shape, facts.num_classes
    if config.space.get(OBJECT) or registry.is_import(registry.SEARCH_SPACES, config.space["name"]):
        space: SearchSpace = _Space(config.space["name"], *images)
    else:
        space = named_space(config, folder, source, images)[0]
    settings: BaseModel = _NoSettings()
    knows_nothing = False
    if "class" not in config.evaluator:
        found, values = evaluator_class(config, source, {})
        settings = checked(found.Settings, values, f"{source}: evaluator", folder)
        knows_nothing = found.known is Evaluator.known
    reference, ideal = (_array(point) for point in (facts.reference, facts.ideal))
    if not len(config.objectives) == len(reference) == len(ideal) or not facts.rungs:
        raise InputError(f"{source}: objectives: they are not those of the ledger; restore both from a copy")
    evaluator: Any = _Evaluator(settings, facts, knows_nothing)
    problem = Problem(space, config.objectives, KnownMetrics(space, evaluator), reference, ideal)
    return Setup(config, space, evaluator, problem, _Strategy(), recorded=True)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for one in inner for text in _texts(one)]


def _point(values: Floats) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)


def _ends(low: float, high: float) -> tuple[float | None, float | None]:
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def _array(point: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in point], dtype=np.float64)


def _refuse() -> NoReturn:
    raise InputError(
        "this needs a part that the search's configuration names as code, which is imported when a search runs: "
        "resume the search, or give the part as an object"
    )


class _NoSettings(BaseModel):
    """Stand for settings of an evaluator that is not imported."""


class _Space(SearchSpace):
    """Stand for a space that is not imported."""

    name = ""
    summary = ""

    def __init__(self, name: str, input_shape: Shape, num_classes: int) -> None:
        super().__init__(SpaceSettings(), input_shape, num_classes)
        self.__dict__["name"] = name

    def declare(self) -> tuple[Variable, ...]:
        return ()

    def canonical(self, genomes: Integers) -> Integers:
        _refuse()

    def decode(self, genome: Integers) -> Architecture:
        _refuse()

    def encode(self, architecture: Architecture) -> Integers:
        _refuse()

    def cost(self, genomes: Integers) -> Costs:
        _refuse()

    def features(self, genomes: Integers) -> Floats:
        _refuse()


class _Evaluator:
    """Stand for an evaluator that is not made."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, settings: BaseModel, facts: Facts, knows_nothing: bool) -> None:
        self._settings = settings
        self._facts = facts
        self._knows_nothing = knows_nothing

    @classmethod
    def image_format(cls, settings: Any) -> tuple[Shape, int]:
        _refuse()

    @property
    def instant(self) -> bool:
        return self._facts.instant

    @property
    def settings(self) -> BaseModel:
        return self._settings

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return self._facts.ranges

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return tuple(Rung(rung.fidelity, rung.share) for rung in self._facts.rungs)

    @property
    def notes(self) -> Sequence[str]:
        return self._facts.notes

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        if not self._knows_nothing:
            _refuse()
        return [{} for _ in architectures]

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        _refuse()

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        _refuse()


class _Strategy:
    """Stand for a strategy that is not made."""

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Refuse."""
        _refuse()
