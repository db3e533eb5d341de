"""Search for architectures: an experiment whose ledger holds every proposal and its result."""

import logging
import math
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from optuna.storages import BaseStorage
from pydantic import BaseModel

from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Experiment, Listener, Work, joined
from rnas.nas._campaign import evaluate_all, work_on
from rnas.nas._loop import Loop, spent
from rnas.nas._recorded import Facts, can_be_made, code_of, recorded
from rnas.nas._setup import NO_OBJECTS, Objects, Setup, StrategyObject, described, resolve
from rnas.nas._side_files import read_fidelity, read_rules
from rnas.nas.config import FinalEvaluation, SearchConfig
from rnas.nas.evaluators.call import Function
from rnas.nas.evaluators.costs import CostSettings
from rnas.nas.evaluators.evaluator import Evaluator, ProvidesFinalEvaluator, inputs_of
from rnas.nas.execution._local import devices, measured_slots
from rnas.nas.execution.ray_settings import RaySettings, cluster
from rnas.nas.final_evaluation import ledger_of, tasks_of
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import Objective
from rnas.nas.presets import preset, preset_of
from rnas.nas.result import CHECKPOINTS, SearchResult
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.utils import _databases as databases
from rnas.utils._directories import require_free
from rnas.utils._text import visible
from rnas.utils._yaml_files import read_mapping
from rnas.utils.quantities import pluralize

RULES = "rules.json"
"""File of the rule of depth and width in a search's directory, if one was asked for."""

_FINALS = "final_evaluation"
_FIDELITY = "fidelity-*"
_SAMPLES = 3
_ROUNDING = 1e-9
_log = logging.getLogger(__name__)


class Search(Experiment[SearchConfig, SearchResult]):
    """Propose architectures, evaluate them, and keep what no other beats."""

    kind: ClassVar[str] = "search"
    Settings: ClassVar[type[BaseModel]] = SearchConfig
    grows: ClassVar[tuple[str, ...]] = ("budget",)
    _leaves_none_out: ClassVar[bool] = True

    def __init__(self, path: Path, settings: SearchConfig) -> None:
        super().__init__(path, settings)
        self._objects = NO_OBJECTS
        self._ledger: Ledger | None = None
        self.out_of_time = False
        """Whether the last run in this process ended because ``hours`` were over."""

    @classmethod
    def draft(
        cls,
        config: SearchConfig,
        path: Path | str | None = None,
        *,
        folder: Path = Path(),
        source: str = "config",
        objects: Objects = NO_OBJECTS,
    ) -> Self:
        """Resolve a configuration, and make nothing on disk: enough for :meth:`estimate`.

        Args:
            config: configuration as written.
            path: the directory that the search would have; None is the first free ``runs/<space>-<n>``.
            folder: folder at which the configuration's relative paths start.
            source: what to call it in messages.
            objects: parts that are given as objects.

        Raises:
            InputError: the configuration is wrong.
        """
        where = Path(path) if path is not None else cls._default_path(config)
        name = visible(config.name or where.name)
        if config.storage is not None:
            # Searches of one name from several folders may share a database.
            name = f"{name}-{secrets.token_hex(4)}"
        if cluster(config.ray) is None:
            devices(config.device, None if config.workers == "auto" else config.workers)
        setup = resolve(config.model_copy(update={"name": name}), folder, source, objects)
        search = cls(where, setup.config)
        search._objects = objects
        search.__dict__["setup"] = setup
        return search

    @classmethod
    def create(
        cls,
        settings: SearchConfig,
        path: Path | str | None = None,
        *,
        folder: Path = Path(),
        source: str = "config",
        objects: Objects = NO_OBJECTS,
    ) -> Self:
        """Resolve a configuration and make the directory of its search; nothing is evaluated yet. See :meth:`draft`."""
        cls._require_main_process()
        if path is not None:
            require_free(Path(path))
        search = cls.draft(settings, path, folder=folder, source=source, objects=objects)
        if cluster(search.settings.ray) is None:
            with search.setup.executor():
                pass  # Parts that cannot travel to a worker are refused before a directory is made.
        search._make()
        return search

    @classmethod
    def _name(cls, settings: SearchConfig) -> str:
        return str(settings.space["name"]).rpartition(":")[2]

    def supply(self, **objects: object) -> None:
        """Give space, evaluator or strategy as objects if the configuration only says where they come from.

        Raises:
            InputError: one of them is not what the search was created with.
        """
        given: dict[str, Any] = {name: value for name, value in objects.items() if value is not None}
        super().supply(**{name: value for name, value in given.items() if name not in Objects.__dataclass_fields__})
        for name, value in given.items():
            if isinstance(value, str | Mapping):
                raise InputError(f"{name}: {self.config} names it already; leave {name} out, or give an object")
        supplied = Objects(**given)
        for name, record in described(supplied).items():
            own = getattr(self.settings, name)
            if not _alike(record, own):
                raise InputError(f"{name}: {self.path} was created with {_words(own)}; give that, not {_words(record)}")
        self._objects = supplied
        self.__dict__.pop("setup", None)

    @cached_property
    def setup(self) -> Setup:
        """Load the configuration and its parts.

        Raises:
            InputError: a part cannot be made, such as one that was given as an object and is not supplied.
        """
        setup = resolve(self.settings, self.path, str(self.config), self._objects)
        # Where an object is defined, a script or a module of the same code, decides nothing.
        kept = {name: getattr(self.settings, name) for name in described(self._objects)}
        return replace(setup, config=setup.config.model_copy(update=kept))

    @property
    def recorded(self) -> Setup:
        """Return the parts as reading needs them, for which no code is imported that the configuration names."""
        return self.setup if self._readable else self._recorded

    @cached_property
    def _recorded(self) -> Setup:
        with self.reading() as storage:
            return self._parts(self._opened(storage))

    @property
    def _readable(self) -> bool:
        """Return whether the parts are loaded already, are given as objects, or can be made without importing code."""
        return "setup" in self.__dict__ or self._objects is not NO_OBJECTS or can_be_made(self.settings)

    def _parts(self, ledger: Ledger) -> Setup:
        if self._readable:
            return self.setup
        return recorded(self.settings, self.path, str(self.config), self._facts(ledger))

    @cached_property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest possible value of metrics, as the evaluator stated them at the start."""
        with self.reading() as storage:
            return self._facts(self._opened(storage)).ranges

    @property
    def records(self) -> tuple[Record, ...]:
        """Return the records of the ledger as they are now while the search runs in this process; otherwise none."""
        return () if self._ledger is None else self._ledger.records

    @property
    def checkpoints(self) -> Path:
        """Return the folder of the weights of evaluated architectures, KEY.safetensors."""
        return self.path / CHECKPOINTS

    def run(self, listener: Listener | Sequence[Listener] | None = None, *, workers: int | None = None) -> SearchResult:
        """Search until the budget is spent; see :meth:`Experiment.run`. A search without any result says so."""
        result = super().run(listener, workers=workers)
        ended = [record.evaluation for record in result.records if record.evaluation is not None]
        if ended and not result.complete:
            text = f"none of {pluralize(len(ended), 'evaluation')} gave a result; the first: {ended[0].reason}"
            if any(record.complete for record in result.records):
                text = (
                    f"none of {pluralize(len(ended), 'evaluation')} is at the highest rung: resume with a larger budget"
                )
            if listener is None:
                # It is seen where nobody set logging up, as in a notebook.
                _log.warning("%s: %s", self.path, text)
            else:
                joined(listener).message(text)
        return result

    def extend(self, **larger: int | None) -> None:
        """Enlarge the budget of the search; see :meth:`Experiment.extend`."""
        super().extend(**larger)
        if "setup" in self.__dict__:
            self.__dict__["setup"] = replace(
                self.setup, config=self.setup.config.model_copy(update={"budget": self.settings.budget})
            )

    def result(self) -> SearchResult:
        """Return what the search has found so far, also while it is running; see :meth:`Experiment.result`."""
        if self._ledger is not None:
            return self._result(self._ledger)
        with self.reading() as storage:
            return self._result(self._opened(storage))

    def _result(self, ledger: Ledger) -> SearchResult:
        setup, final_evaluation = self._parts(ledger), self.settings.final_evaluation
        judged = None if final_evaluation is None else ledger_of(ledger, setup, final_evaluation, new=False)
        return SearchResult(
            setup=setup,
            records=ledger.records,
            path=self.path,
            final_records=() if judged is None else judged.records,
            fidelity=self._fidelity(),
            rules=self._rules(),
        )

    def _fidelity(self) -> tuple[Mapping[str, Any], ...]:
        found = sorted(self.path.glob(f"{_FIDELITY}/result.json"))
        return tuple(map(read_fidelity, found))

    def _rules(self) -> Mapping[str, Any] | None:
        path = self.path / RULES
        return read_rules(path) if path.is_file() else None

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure a cheap, a middling and a dear architecture of the space; see :meth:`Experiment.estimate`."""
        setup, config = self.setup, self.settings
        sample = setup.space.sample(_SAMPLES, np.random.default_rng(config.seed))
        costs = setup.space.cost(sample)
        places = measured_slots(setup.workers if workers is None else workers, config.device, config.ray)
        work = []
        for row in np.argsort(costs.flops):
            architecture = setup.space.decode(sample[row])
            one = setup.estimate(architecture, places[0])
            details = {"flops": float(costs.flops[row]), "params": float(costs.params[row])}
            label = f"evaluation of {arch.key(architecture)}"
            work.append(EstimatedWork(label, config.budget / len(sample), one.seconds, one.memory, details))
        return CostEstimate(tuple(work), tuple(places))

    @contextmanager
    def storage(self) -> Iterator[BaseStorage]:
        """Open the ledger's database to write to it: the directory's own, or that of the configuration's URL."""
        url = self.settings.storage
        with super().storage() if url is None else databases.opened(url, str(self.settings.name)) as storage:
            yield storage

    @contextmanager
    def reading(self) -> Iterator[BaseStorage]:
        """Open the same database, of which nothing is made or changed; see :meth:`Experiment.reading`."""
        url = self.settings.storage
        with super().reading() if url is None else databases.reading(url) as storage:
            yield storage

    def _make_ledger(self, folder: Path) -> None:
        url = self.settings.storage
        if url is None:
            super()._make_ledger(folder)
            return
        databases.create(url)
        with databases.opened(url, str(self.settings.name)) as storage:
            self._begin(storage)

    def _begin(self, storage: BaseStorage) -> None:
        self._opened(storage, Facts.of(self.setup))

    def _inputs(self) -> Mapping[str, str]:
        setup = self.setup
        parts = {"space": setup.space, "evaluator": setup.evaluator, "strategy": setup.strategy}
        return {f"{part}.{name}": found for part, one in parts.items() for name, found in inputs_of(one).items()}

    def _opened(self, storage: BaseStorage, facts: Facts | None = None) -> Ledger:
        """Return the ledger, which is new if there are facts to record in it."""
        config = self.setup.config if self._readable else self.settings
        if config.name is None or not config.objectives:
            raise InputError(f"{self.config} is not the config of a search: it has no name; restore it from a copy")
        url = self.settings.storage
        ledger = Ledger(
            storage,
            config.objectives,
            config.name,
            config.fingerprint,
            new=facts is not None,
            rungs=len(self.setup.evaluator.rungs) if self._readable else 1,
            source=str(self.database) if url is None else databases.without_password(url),
            facts=None if facts is None else facts.model_dump(mode="json"),
        )
        if facts is None:
            ledger.require_within(self._facts(ledger).ranges)
        return ledger

    def _facts(self, ledger: Ledger) -> Facts:
        return Facts.read(ledger.facts, str(self.database))

    def _run(self, listener: Listener, workers: int | None) -> None:
        setup, config = self.setup, self.settings
        until = float("inf") if config.hours is None else time.monotonic() + 3600 * config.hours
        with self.storage() as storage:
            ledger = self._ledger = self._opened(storage)
            if code := code_of(config):
                listener.message(f"this search runs code that its configuration names: {', '.join(code)}")
            try:
                self._search(setup, ledger, listener, workers, until)
                if config.final_evaluation is not None and all(
                    record.evaluation is not None for record in ledger.records
                ):
                    self.write()
                    self._evaluate_finals(config.final_evaluation, ledger, listener, workers, until)
            finally:
                self._ledger = None

    def _search(self, setup: Setup, ledger: Ledger, listener: Listener, workers: int | None, until: float) -> None:
        config, rungs = setup.config, setup.evaluator.rungs
        held = spent(ledger.records, rungs)
        if config.budget < math.floor(held + _ROUNDING):
            raise InputError(f"budget {config.budget} is less than the {held:g} evaluations that the search holds")
        ended = [record for record in ledger.records if record.evaluation is not None]
        done = spent(ended, rungs)
        records = ledger.records
        with setup.executor(self.checkpoints, workers=workers, seconds=config.time_limit, records=records) as executor:
            listener.started(self, Work("evaluation", config.budget, done, executor.slots, records=ended))
            Loop(
                problem=setup.problem,
                strategy=setup.strategy,
                ledger=ledger,
                executor=executor,
                seed=config.seed,
                batch_size=config.batch_size,
                lookahead=0 if setup.evaluator.instant else 1,
                asynchronous=config.asynchronous,
                rungs=rungs,
                promote=config.promote,
                listener=listener,
            ).run(config.budget, until)
        self.out_of_time = time.monotonic() >= until

    def _evaluate_finals(
        self, final_evaluation: FinalEvaluation, ledger: Ledger, listener: Listener, workers: int | None, until: float
    ) -> None:
        """Train the front again with other seeds, and attack it."""
        setup = self.setup
        judged = ledger_of(ledger, setup, final_evaluation)
        assert judged is not None
        assert isinstance(setup.evaluator, ProvidesFinalEvaluator)
        evaluator = setup.evaluator.final_evaluator(final_evaluation.attacks)
        tasks = tasks_of(self._result(ledger).front(), setup, final_evaluation)
        folder, records = self.path / _FINALS, ledger.records
        with setup.executor(folder, workers=workers, evaluator=evaluator, records=records) as executor:
            listener.started(self, work_on(tasks, judged, executor.slots, "final evaluation"))
            evaluate_all(tasks, setup.problem, judged, executor, listener, until)


def search(
    config: SearchConfig | Mapping[str, Any] | Path | str | None = None,
    *,
    space: SearchSpace | Mapping[str, Any] | str | None = None,
    evaluator: Evaluator | Function | Mapping[str, Any] | str | None = None,
    strategy: StrategyObject | Mapping[str, Any] | str | None = None,
    objectives: Sequence[Objective | Mapping[str, Any]] | None = None,
    costs: CostSettings | Mapping[str, Any] | None = None,
    budget: int | None = None,
    seed: int | None = None,
    hours: float | None = None,
    batch_size: int | None = None,
    asynchronous: bool | None = None,
    promote: float | None = None,
    final_evaluation: FinalEvaluation | Mapping[str, Any] | None = None,
    time_limit: float | None = None,
    device: Literal["auto", "cpu", "cuda"] | None = None,
    ray: RaySettings | Mapping[str, Any] | None = None,
    storage: str | None = None,
    name: str | None = None,
    output: Path | str | None = None,
    workers: int | Literal["auto"] | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> SearchResult:
    """Search for architectures, and return what was found.

    Every part can be named as in a config file, or given as an object.

    Args:
        config: a SearchConfig, a mapping, or the path of a YAML file, which the other arguments change. None is the
            preset of the space's name if there is one, such as ``digits-bench``, and otherwise the preset ``digits``,
            unless space or evaluator are objects.
        space: name, mapping with name and settings, or a search space.
        evaluator: mapping such as ``{"train": {...}}``, ``"package.module:function"``, an evaluator, or a function that
            takes an architecture and returns metrics by name. With ``workers`` other than 0 it must be importable: it
            is defined in a module or a script, and not in a notebook or inside a function.
        strategy: name, mapping with name and options, a strategy, or its class.
        objectives: what to trade off.
        costs: latency, memory and functions of your own as metrics, see :class:`CostSettings`.
        budget: evaluations in all.
        seed: seed of everything random.
        hours: time after which nothing new is started.
        batch_size: proposals made at once.
        asynchronous: whether each network is proposed from all results so far, see :class:`SearchConfig`.
        promote: share of each batch that is promoted to the next rung.
        final_evaluation: how the front is evaluated at the end.
        time_limit: seconds after which an evaluation is stopped.
        device: ``auto``, ``cpu`` or ``cuda``.
        ray: cluster of Ray on which evaluations run.
        storage: URL of a database for the ledger.
        name: name of the search; by default that of its directory.
        output: directory of the search; None makes ``runs/<space>-<n>``.
        workers: evaluations at once, each in a process of its own; 0 evaluates in this process; ``auto`` is as many for
            each GPU as its memory has room for; None is one for each core or GPU.
        listener: learns of progress; there may be several.

    Raises:
        InputError: the configuration is wrong, or the directory exists.

    Examples:
        >>> import rnas
        >>> result = rnas.search(space="digits-bench", budget=8, output="runs/example", workers=0)
        >>> len(result.records)
        8
        >>> best = max(result.front(), key=lambda record: record.metrics["robust_accuracy"])
    """
    changes = {name: value for name, value in locals().items() if name in SearchConfig.model_fields}
    given_evaluator = {"call": evaluator} if isinstance(evaluator, str) else evaluator
    objects = Objects(
        space=None if isinstance(space, str | Mapping) else space,
        evaluator=None if isinstance(given_evaluator, Mapping) else given_evaluator,
        strategy=None if isinstance(strategy, str | Mapping) else strategy,
    )
    changes["evaluator"] = given_evaluator
    as_objects = {field for field in ("space", "evaluator", "strategy") if getattr(objects, field) is not None}
    content, folder, source = _content(config, space, objects)
    content = {key: value for key, value in content.items() if key not in as_objects}
    content |= {key: value for key, value in changes.items() if value is not None and key not in as_objects}
    if "space" in as_objects:
        content |= {"space": described(objects)["space"]}
    parsed = SearchConfig.parse(content, source)
    return Search.create(parsed, output, folder=folder, source=source, objects=objects).run(listener)


def _content(
    config: SearchConfig | Mapping[str, Any] | Path | str | None, space: Any, objects: Objects
) -> tuple[Mapping[str, Any], Path, str]:
    """Return a configuration from wherever it comes, the folder of its relative paths, and its name for messages."""
    if config is None and (objects.space is not None or objects.evaluator is not None):
        return {}, Path(), "config"
    if config is None:
        return preset(preset_of(space) or "digits"), Path(), "config"
    if isinstance(config, Path | str):
        path = Path(config)
        return read_mapping(path), path.parent, str(path)
    if isinstance(config, SearchConfig):
        config = config.model_dump(mode="json", exclude_none=True)
    return config, Path(), "config"


def _alike(record: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Return whether two records are of the same object, wherever it was imported from."""
    return all(key in own and _placeless(value) == _placeless(own[key]) for key, value in record.items())


def _placeless(value: Any) -> Any:
    return value.rpartition(":")[2] if isinstance(value, str) else value


def _words(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in record.items())
