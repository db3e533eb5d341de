"""Define what every resumable experiment shares: its directory, settings, ledger, result, listener and cost estimate.

A search, a training, a tuning, a comparison, a replication, a test of a rule and a study of rungs are experiments. Each
lives in a directory:

    config.yaml     ``kind:`` and the settings, with nothing left open
    ledger.db       what has been evaluated
    inputs.json     hashes of the images and files outside the directory that it reads
    result.json     the result, for machines
    report.html     the result, for people

The state of an experiment is its ledger. An experiment that was killed and is resumed ends as the uninterrupted one.
"""

import json
import os
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import yaml
from pydantic import BaseModel

from rnas import registry
from rnas.errors import ChangedInputError, InputError, LedgerError
from rnas.utils._devices import noticing_loss
from rnas.utils._directories import creating, locked, next_free, require_no_links
from rnas.utils._json_files import read_json_object
from rnas.utils._lazy import LazyModule
from rnas.utils._yaml_files import checked, read_mapping, read_yaml
from rnas.utils.files import discard_partial, write_text
from rnas.utils.model import Model

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from rnas.utils import _sqlite as sqlite
else:
    sqlite = LazyModule("rnas.utils._sqlite")

CONFIG = "config.yaml"
LEDGER = "ledger.db"
INPUTS = "inputs.json"
RESULT = "result.json"
REPORT = "report.html"

_IN_PLACE = ("lock", *(f"{LEDGER}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")), "architectures")
"""Files that are not replaced as a whole, and the folder from which files are removed."""

_NAMED = 8
"""Directories of experiments that a message names, at most."""


class ExperimentSettings(Model):
    """Hold everything that decides an experiment, with nothing left open.

    They stay the same for the experiment's life, but for the fields that its kind lets grow.
    """


def given_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function that starts an experiment, without those of the run and those that are None.

    Args:
        arguments: all arguments by name, as :func:`locals` returns them.
    """
    of_the_run = ("output", "workers", "listener")
    return {name: value for name, value in arguments.items() if value is not None and name not in of_the_run}


class Result(Protocol):
    """Say what came of an experiment."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""


@dataclass(frozen=True)
class Work:
    """Say what an experiment is about to do.

    Attributes:
        unit: what is counted, such as ``evaluation``, ``epoch``, ``trial`` or ``training``.
        total: number of units in all.
        done: number of units that are done already.
        slots: number of units that run at once.
        phase: name of this part of the experiment, such as ``final evaluation``; empty if there is only one part.
        records: what was recorded of it at earlier times, in the form in which a listener hears of new records.
    """

    unit: str
    total: float
    done: float = 0
    slots: int = 1
    phase: str = ""
    records: Sequence[Any] = field(default=(), repr=False)


class Listener:
    """Learn of the progress of an experiment. Every method does nothing by default, and none changes a result."""

    def started(self, experiment: "Experiment[Any, Any]", work: Work) -> None:
        """Work begins or is resumed; an experiment with several phases calls this once for each."""

    def proposed(self, record: Any) -> None:
        """Take note that a proposal was written to the ledger."""

    def progress(self, shares: Mapping[str, float]) -> None:
        """Report what is under way now, with the share in [0, 1] that is done of each."""

    def recorded(self, record: Any) -> None:
        """Take note that a result was written: a record of the ledger, a row of a training's history, or a trial."""

    def message(self, text: str) -> None:
        """Pass on a message about another event that the user should know."""

    def ended(self, experiment: "Experiment[Any, Any]", error: BaseException | None) -> None:
        """Take note that nothing more is done now.

        Args:
            experiment: that was run.
            error: what interrupted it, such as KeyboardInterrupt, or let it fail; None if it has ended.
        """


class _Listeners(Listener):
    """Pass on every event to several listeners, in their order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)

    def started(self, experiment: "Experiment[Any, Any]", work: Work) -> None:
        for listener in self._listeners:
            listener.started(experiment, work)

    def proposed(self, record: Any) -> None:
        for listener in self._listeners:
            listener.proposed(record)

    def progress(self, shares: Mapping[str, float]) -> None:
        for listener in self._listeners:
            listener.progress(shares)

    def recorded(self, record: Any) -> None:
        for listener in self._listeners:
            listener.recorded(record)

    def message(self, text: str) -> None:
        for listener in self._listeners:
            listener.message(text)

    def ended(self, experiment: "Experiment[Any, Any]", error: BaseException | None) -> None:
        for listener in self._listeners:
            listener.ended(experiment, error)


def joined(listener: Listener | Sequence[Listener] | None) -> Listener:
    """Return one listener that stands for none, one or several."""
    if isinstance(listener, Sequence):
        return _Listeners(listener)
    return listener or Listener()


class ShareListener(Listener):
    """Pass on how much of something is done as one share; of an experiment with several phases that of the first.

    Args:
        report: is called with the share, in [0, 1].
    """

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._work: Work | None = None
        self._done = 0.0

    def started(self, experiment: "Experiment[Any, Any]", work: Work) -> None:
        """Count from what is done already."""
        if work.phase:
            self._report = lambda share: None
        self._work, self._done = work, work.done

    def progress(self, shares: Mapping[str, float]) -> None:
        """Report the share of all work."""
        total = 1.0 if self._work is None else max(self._work.total, 1)
        self._report(min((self._done + sum(shares.values())) / total, 1.0))

    def recorded(self, record: Any) -> None:
        """Count a piece of the work."""
        if self._work is not None:
            self._done += 1


@dataclass(frozen=True)
class EstimatedWork:
    """Say what one kind of work of an experiment takes here.

    Attributes:
        label: what is done, such as a network's key or name.
        count: number of times that it is done.
        seconds: time of one, in seconds.
        memory_bytes: the most memory that one needs; None if it was not measured.
        details: further figures by name, such as FLOPs or the seconds of one epoch.
    """

    label: str
    count: float
    seconds: float
    memory_bytes: int | None = None
    details: Mapping[str, float] | None = None


@dataclass(frozen=True)
class CostEstimate:
    """Say what an experiment takes here, measured on a few steps before it starts.

    Attributes:
        work: what there is to do.
        devices: the torch device of each unit that runs at once.
    """

    work: tuple[EstimatedWork, ...]
    devices: tuple[str, ...]

    @property
    def slots(self) -> int:
        """Return the number of units that run at once."""
        return len(self.devices)

    @property
    def device(self) -> str:
        """Return the first device."""
        return self.devices[0]

    @property
    def seconds(self) -> float:
        """Return the wall time of the whole experiment, in seconds, at most: units on one GPU may overlap."""
        return sum(one.count * one.seconds for one in self.work) / self._alone

    @property
    def shares_a_gpu(self) -> bool:
        """Return whether several units run on one GPU at once."""
        return self._alone < self.slots

    @property
    def _alone(self) -> int:
        """Return the number of units that can run at once as fast as one alone."""
        return self.slots if self.device == "cpu" else len(set(self.devices))

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return {**asdict(self), "slots": self.slots, "device": self.device, "seconds": self.seconds}


S = TypeVar("S", bound=BaseModel)
R = TypeVar("R", bound=Result)


class Experiment(ABC, Generic[S, R]):
    """Run something that can be killed at any moment, resumed, and enlarged, in a directory of its own.

    A subclass names its ``kind``, is registered by it under ``rnas.experiments``, and says what its ``_run`` does. A
    function ``report(result, path)`` that is registered under ``rnas.reports`` by the same name writes the report.

    Attributes:
        kind: what it is called, in ``config.yaml`` and in messages.
        Settings: pydantic model of the settings.
        grows: fields of the settings that may be enlarged later, such as ``budget``.
        has_ledger: whether it keeps its state in a ledger.
        path: the directory.
        settings: everything that decides the experiment.
    """

    kind: ClassVar[str]
    Settings: ClassVar[type[BaseModel]]
    grows: ClassVar[tuple[str, ...]] = ()
    has_ledger: ClassVar[bool] = True

    def __init__(self, path: Path, settings: S) -> None:
        self.path = path
        self.settings = settings

    @classmethod
    def create(cls, settings: S, path: Path | str | None = None) -> Self:
        """Make the directory of a new experiment, whole or not at all. Nothing is run yet.

        Args:
            settings: everything that decides it.
            path: the directory; None is the first free ``runs/<name>-<n>``.

        Raises:
            InputError: the directory exists already or cannot be made, something that the settings name is missing, or
                a worker process imports a script without a guard.
        """
        cls._require_main_process()
        experiment = cls(Path(path) if path is not None else cls._default_path(settings), settings)
        experiment._check()
        experiment._make()
        return experiment

    @classmethod
    def _require_main_process(cls) -> None:
        """Raise InputError in a worker process that imports a script which creates an experiment without a guard."""
        if cls.starts_processes and parent_process() is not None:
            raise InputError(f'a script that runs a {cls.kind} needs its call under if __name__ == "__main__":')

    def _make(self) -> None:
        """Make the directory, whole or not at all."""
        with creating(self.path) as partial:
            self._fill(partial)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Read the directory of an experiment as it is now.

        Raises:
            InputError: there is no experiment of this kind, or its settings are damaged.
        """
        path = Path(path)
        content = settings_in(path, cls.kind)
        settings: Any = checked(cls.Settings, content, str(path / CONFIG), path)
        return cls(path, settings)

    @classmethod
    @abstractmethod
    def _name(cls, settings: S) -> str:
        """Return the first part of the default directory's name."""

    @classmethod
    def _default_path(cls, settings: S) -> Path:
        """Return the directory of a new experiment for which none is named."""
        return next_free(cls._name(settings))

    def supply(self, **objects: object) -> None:
        """Give the experiment objects that its settings only name, such as a search space of the user's own.

        Args:
            **objects: one object by the name of its setting; None changes nothing.

        Raises:
            InputError: this kind of experiment takes no such object, or it is not the one that the settings name.
        """
        given = [name for name, value in objects.items() if value is not None]
        if given:
            raise InputError(f"{given[0]}: a {self.kind} takes no object; leave {given[0]} out")

    @abstractmethod
    def _run(self, listener: Listener, workers: int | None) -> None:
        """Do what is missing; the directory is this process's alone."""

    @abstractmethod
    def result(self) -> R:
        """Return what has come of the experiment so far.

        Raises:
            InputError: there is nothing yet, or a file is damaged.
            LedgerError: the ledger is damaged.
        """

    @abstractmethod
    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure what the whole experiment takes here, by running a few of its steps; write nothing.

        Raises:
            InputError: something of it cannot be run here.
        """

    @property
    def config(self) -> Path:
        """Return the path of the settings."""
        return self.path / CONFIG

    @property
    def database(self) -> Path:
        """Return the path of the ledger."""
        return self.path / LEDGER

    @property
    def result_file(self) -> Path:
        """Return the path of the result for machines."""
        return self.path / RESULT

    @property
    def report_file(self) -> Path:
        """Return the path of the report."""
        return self.path / REPORT

    @property
    def resume_command(self) -> str:
        """Return the command that resumes this experiment."""
        return f"rnas resume {shlex.quote(str(self.path))}"

    def extend(self, **larger: int | None) -> None:
        """Enlarge the experiment, and write its settings. A value of None changes nothing.

        Args:
            **larger: new values of fields that may grow, such as ``budget=80``.

        Raises:
            InputError: the field does not grow, its value would be smaller than before, or another process is running
                the experiment.
            ChangedInputError: images or a file that the experiment reads have changed.
        """
        given = {name: value for name, value in larger.items() if value is not None}
        for name, value in given.items():
            if name not in self.grows:
                fields = f"only {' and '.join(self.grows)}" if self.grows else "no field"
                raise InputError(f"{name}: {self.path} is a {self.kind}, and {fields} can grow; leave {name} out")
            own = getattr(self.settings, name)
            if value < own:
                raise InputError(f"{name}: {self.path} has {own} already; give {own} or more, not {value}")
        changed = {name: value for name, value in given.items() if value != getattr(self.settings, name)}
        if changed:
            with self._locked():
                self.require_same_inputs()
                self.settings = self.settings.model_copy(update=changed)
                self._write_settings(self.path)

    def run(self, listener: Listener | Sequence[Listener] | None = None, *, workers: int | None = None) -> R:
        """Do what is missing, write result and report, and return the result.

        Args:
            listener: learns of progress; there may be several.
            workers: how much runs at once, each in a process of its own; 0 runs in this process; None is the
                experiment's own number, or one for each core or GPU.

        Raises:
            InputError: another process is running the experiment, or something that it needs is missing.
            ChangedInputError: images or a file that the experiment reads have changed.
            LedgerError: the ledger is damaged or gone.
            DeviceLostError: an error has made the GPU unusable for this process; another one can resume.
        """
        with noticing_loss(f"resume with: {self.resume_command}"), self._locked():
            discard_partial(self.path)
            self.require_same_inputs()
            heard = joined(listener)
            try:
                self._run(heard, workers)
                result = self.write()
            except BaseException as error:
                heard.ended(self, error)
                raise
            heard.ended(self, None)
            return result

    def write(self) -> R:
        """Write ``result.json`` and the report from the ledger as it is now, and return the result."""
        require_no_links(self.path, _IN_PLACE)
        result = self.result()
        write_text(self.result_file, json.dumps(result.to_dict(), indent=2, allow_nan=False) + "\n")
        self.write_report(result)
        return result

    def write_report(self, result: R) -> None:
        """Write the report of a result, and the other files of the kind's report writer."""
        require_no_links(self.path, _IN_PLACE)
        if self.kind in registry.names(registry.REPORTS):
            registry.load(registry.REPORTS, self.kind)(result, self.path)

    def _locked(self) -> AbstractContextManager[None]:
        """Lock the directory, so that only this process writes to it within the block."""
        require_no_links(self.path, _IN_PLACE)
        return locked(self.path, f"running the {self.kind}")

    @contextmanager
    def storage(self) -> "Iterator[BaseStorage]":
        """Open the ledger's database to write to it.

        Raises:
            LedgerError: it is damaged or gone, or another program keeps it locked.
        """
        with sqlite.opened(self.database) as storage:
            self._require_study(storage)
            yield storage

    @contextmanager
    def reading(self) -> "Iterator[BaseStorage]":
        """Open a copy of the ledger's database: nothing is written to the directory, and no lock is waited for.

        Raises:
            LedgerError: it is damaged or gone.
        """
        with sqlite.reading(self.database) as storage:
            self._require_study(storage)
            yield storage

    def _require_study(self, storage: "BaseStorage") -> None:
        try:
            studies = storage.get_all_studies()
        except (LookupError, ValueError) as error:  # A column holds what it never does.
            raise LedgerError(
                f"{self.database} is damaged ({type(error).__name__}: {error}): restore it from a copy"
            ) from None
        if not studies:
            raise LedgerError(f"{self.database} is damaged (it contains no study): restore it from a copy")

    def _check(self) -> None:
        """Raise InputError if the experiment cannot run here. It is called before the directory is made."""

    def _inputs(self) -> Mapping[str, str]:
        """Return a hash of everything outside the directory that is read for a result, by the field that names it."""
        return {}

    def require_same_inputs(self) -> None:
        """Raise ChangedInputError if what the experiment reads is not what it was created with.

        Raises:
            InputError: a file is missing or damaged.
        """
        here = self._inputs()
        if here:
            require_same(read_json_object(self.path / INPUTS), here, f"{self.path} was created")

    def _fill(self, folder: Path) -> None:
        """Write what a new directory holds before anything is run: settings, and a ledger without records.

        So a ledger that is not there later is one that was lost.
        """
        self._write_settings(folder)
        inputs = dict(self._inputs())
        if inputs:
            write_text(folder / INPUTS, json.dumps(inputs, indent=2) + "\n")
        self._make_ledger(folder)

    def _make_ledger(self, folder: Path) -> None:
        if self.has_ledger:
            with sqlite.created(folder / LEDGER) as storage:
                self._begin(storage)

    def _begin(self, storage: "BaseStorage") -> None:
        """Make the studies of a new ledger, at least one."""

    def _write_settings(self, folder: Path) -> None:
        write_text(folder / CONFIG, yaml.safe_dump(self._content(), sort_keys=False, width=100))

    def _content(self) -> dict[str, Any]:
        """Return what ``config.yaml`` holds."""
        return {"kind": self.kind, **self.settings.model_dump(mode="json", exclude_none=self._leaves_none_out)}

    starts_processes: ClassVar[bool] = True
    """Whether it may start processes, which import the script that runs it again."""

    _leaves_none_out: ClassVar[bool] = False
    """Whether settings that are None are left out of ``config.yaml``."""


def require_same(inputs: Mapping[str, str], here: Mapping[str, str], since: str = "the run was started") -> None:
    """Raise ChangedInputError if what is read here differs from earlier inputs; each is a hash by the field's name.

    Args:
        inputs: the earlier hashes.
        here: those of now.
        since: what happened when they were recorded, for the message.
    """
    changed = [name for name in {**inputs, **here} if inputs.get(name) != here.get(name)]
    if changed:
        raise ChangedInputError(
            f"{' and '.join(changed)}: the content has changed since {since}: restore what it was, or create "
            "a new experiment"
        )


def kind_at(path: Path) -> str | None:
    """Return the kind of experiment in a directory, or None if it has no experiment."""
    try:
        content = read_yaml(path / CONFIG)
    except InputError:
        return None
    kind = content.get("kind") if isinstance(content, dict) else None
    return kind if isinstance(kind, str) else None


def settings_in(path: Path, kind: str | None = None) -> dict[str, Any]:
    """Read the settings of an experiment, unchecked and without ``kind``.

    Args:
        path: the directory.
        kind: the kind that it should be; None is any.

    Raises:
        InputError: there is no experiment, it is of another kind, or ``config.yaml`` cannot be read.
    """
    wanted = f"a {kind}" if kind else "an experiment"
    found = kind_at(path)
    if found is None and not (path / CONFIG).is_file():
        inner = experiments_in(path)
        if inner:
            more = f" and {len(inner) - _NAMED} more" if len(inner) > _NAMED else ""
            raise InputError(f"{path} is not {wanted}; it holds {', '.join(inner[:_NAMED])}{more}: name one of them")
        raise InputError(f"{path} is not {wanted}: it has no {CONFIG}")
    content = read_mapping(path / CONFIG)
    if found is None:
        raise InputError(f"{path / CONFIG} has no kind: it is not the directory of an experiment")
    if kind is not None and found != kind:
        raise InputError(f"{path} is a {found}, not a {kind}; resume it with: rnas resume {shlex.quote(str(path))}")
    return {key: value for key, value in content.items() if key != "kind"}


def experiments_in(path: Path) -> list[str]:
    """Return the names of the directories within a folder that hold an experiment."""
    try:
        return sorted(entry.name for entry in os.scandir(path) if entry.is_dir() and kind_at(Path(entry.path)))
    except (OSError, ValueError):
        return []


def open_experiment(path: Path | str) -> Experiment[Any, Any]:
    """Open the experiment of a directory, whatever its kind.

    Raises:
        InputError: the directory has no experiment, or its kind is not registered.

    Examples:
        >>> import rnas
        >>> result = rnas.search(space="digits-bench", budget=4, output="runs/example", workers=0)
        >>> len(rnas.open_experiment("runs/example").result().records)
        4
    """
    path = Path(path)
    settings_in(path)
    found = kind_at(path)
    assert found is not None
    experiment: Experiment[Any, Any] = registry.load(registry.EXPERIMENTS, found).open(path)
    return experiment


def resume(
    path: Path | str,
    *,
    listener: Listener | Sequence[Listener] | None = None,
    workers: int | None = None,
    space: object = None,
    evaluator: object = None,
    strategy: object = None,
    replication: object = None,
    method: object = None,
    **larger: int | None,
) -> Any:
    """Resume an experiment of any kind that was stopped, or enlarge one that has ended, and return its result.

    Args:
        path: the experiment's directory.
        listener: learns of progress; there may be several.
        workers: number of processes, this time only; see :meth:`Experiment.run`.
        space: the search space of a search that was given one as an object which cannot be imported.
        evaluator: the evaluator, if it was given in the same way.
        strategy: the strategy, if it was given in the same way.
        replication: the design of a replication that is not registered.
        method: the method of a search for cells, if its class cannot be imported.
        **larger: fields that grow, such as ``budget=80`` of a search, ``trials=40`` of a tuning or ``seeds=5`` of a
            comparison.

    Raises:
        InputError: there is no experiment, another process is running it, or a field cannot grow.
        LedgerError: its ledger is damaged.

    Examples:
        >>> import rnas
        >>> result = rnas.search(space="digits-bench", budget=4, output="runs/example", workers=0)
        >>> len(rnas.resume("runs/example", budget=6).records)
        6
    """
    experiment = open_experiment(path)
    experiment.supply(space=space, evaluator=evaluator, strategy=strategy, replication=replication, method=method)
    experiment.extend(**larger)
    return experiment.run(listener, workers=workers)
