"""The directory of a run: its configuration, its ledger, and what is derived from them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import BaseStorage, RDBStorage

from rnas.errors import InputError, LedgerError
from rnas.nas.config import Config, Setup, read_config, resolve, to_yaml
from rnas.nas.ledger import Ledger
from rnas.utils import sqlite
from rnas.utils.directories import creating, locked
from rnas.utils.directory_kind import refuse_others
from rnas.utils.files import write_text


@dataclass(frozen=True)
class RunDirectory:
    """Where everything of one run is."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration as it was resolved."""
        return self.path / "config.yaml"

    @property
    def database(self) -> Path:
        """The ledger, unless it is elsewhere by URL."""
        return self.path / "ledger.db"

    @property
    def checkpoints(self) -> Path:
        """Weights of evaluated architectures, KEY.safetensors."""
        return self.path / "checkpoints"

    @property
    def ladder(self) -> Path:
        """What the fidelity rungs is worth, where that was measured."""
        return self.path / "fidelity.json"

    @property
    def rules(self) -> Path:
        """What the run says of depth and width, where that was asked."""
        return self.path / "rules.json"

    @property
    def final_evaluation(self) -> Path:
        """Weights and results of final evaluations, seed-N/KEY."""
        return self.path / "final_evaluation"

    @property
    def architectures(self) -> Path:
        """The front's architectures, KEY.json."""
        return self.path / "architectures"

    @property
    def report(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @property
    def pareto(self) -> Path:
        """The front as a table."""
        return self.path / "pareto.csv"

    def setup(self) -> Setup:
        """The run's configuration and parts; InputError where this is no run or its config is wrong."""
        if not self.config.is_file():
            refuse_others(self.path, "search")
            raise InputError(f"{self.path} is not a run: it has no config.yaml")
        config = Config.parse(read_config(self.config), str(self.config))
        if config.name is None:
            raise InputError(f"{self.config} is not the config of a run: it has no name; restore it from a copy")
        return resolve(config, self.path, str(self.config))

    def keep(self, config: Config) -> None:
        """Write the configuration, whole or not at all: a run's budget may grow."""
        write_text(self.config, to_yaml(config))

    @contextmanager
    def writing(self, setup: Setup) -> Iterator[Ledger]:
        """The ledger, held by this process alone.

        Raises:
            InputError: another process is writing to the run, or its configuration was changed.
            LedgerError: the ledger is damaged.
        """
        with locked(self.path, "searching"), self._storage(setup.config) as storage:
            new = setup.config.storage is not None or not self.checkpoints.exists()
            yield self._ledger(storage, setup, new)

    @contextmanager
    def reading(self, setup: Setup) -> Iterator[Ledger]:
        """The ledger as it is now; nothing may be written to it.

        Raises:
            InputError: the run's configuration was changed.
            LedgerError: the ledger is damaged, or gone.
        """
        if setup.config.storage is None and not self.database.exists():
            if self.checkpoints.exists():
                raise LedgerError(f"{self.database} is gone, though the run has results: restore it from a copy")
            yield Ledger.in_memory(setup.problem.objectives)
            return
        with self._storage(setup.config) as storage:
            yield self._ledger(storage, setup, new=False)

    def _ledger(self, storage: BaseStorage, setup: Setup, new: bool) -> Ledger:
        config = setup.config
        return Ledger(storage, setup.problem.objectives, config.name or self.path.name, config.fingerprint, new)

    @contextmanager
    def _storage(self, config: Config) -> Iterator[RDBStorage]:
        if config.storage is None:
            with sqlite.opened(self.database) as storage:
                yield storage
            return
        storage = connected(config.storage)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


def connected(url: str) -> RDBStorage:
    """A database by its URL; InputError where there is none."""
    try:
        return RDBStorage(url)
    except Exception as error:  # Each driver has exceptions of its own.
        first = str(error).strip().splitlines()[0]
        raise InputError(f"storage: the database cannot be opened ({first}); check the URL") from None


def create(path: Path, setup: Setup) -> RunDirectory:
    """Make a new run's directory, whole or not at all.

    Raises:
        InputError: the path exists already, or cannot be made.
    """
    with creating(path) as partial:
        RunDirectory(partial).keep(setup.config)
    return RunDirectory(path)
