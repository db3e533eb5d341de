"""Define what every tracker does: it writes each result once, and its failure ends no experiment."""

import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rnas.errors import error_text
from rnas.experiment import Experiment, Listener, Work
from rnas.experiments.listeners.entry import Entry, entry_of, last_entry
from rnas.utils._extras import require_extra
from rnas.utils._text import one_line

_LONGEST = 300
_log = logging.getLogger(__name__)


class Tracker(Listener, ABC):
    """Write the results of experiments to a program that shows them.

    A subclass says where an experiment has its place, and how an entry is written. What an experiment recorded while
    nothing was tracked is written as well when it is resumed. If the tracker fails, one warning is logged, nothing more
    is tracked, and the experiment continues.

    Attributes:
        name: registered name, which is also the name of the extra that installs what it needs.
        needs: package that has to be installed.

    Raises:
        InputError: the constructor raises it if that package is not installed.
    """

    name: ClassVar[str]
    needs: ClassVar[str]

    def __init__(self) -> None:
        require_extra(self.name, self.needs)
        self._path: Path | None = None
        self._phase = ""
        self._written: set[str] = set()
        self._failed = False

    @abstractmethod
    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        """Open the place of an experiment, and return the names of the entries that it has already."""

    @abstractmethod
    def write(self, entry: Entry) -> None:
        """Write an entry that the place does not have."""

    @abstractmethod
    def end(self, error: BaseException | None) -> None:
        """Close the place.

        Args:
            error: what interrupted the experiment, such as KeyboardInterrupt, or let it fail; None if it has ended.
        """

    def started(self, experiment: Experiment[Any, Any], work: Work) -> None:
        """Write what was recorded before and is not there yet."""
        self._guarded(lambda: self._start(experiment, work))

    def recorded(self, record: Any) -> None:
        """Write a result."""
        self._guarded(lambda: self._keep(entry_of(record, self._phase)))

    def ended(self, experiment: Experiment[Any, Any], error: BaseException | None) -> None:
        """Write the results that are only there at the end, and close the place."""
        if self._path is not None:
            self._guarded(lambda: self._keep(last_entry(experiment)))
            self._guarded(lambda: self._close(error))

    def _start(self, experiment: Experiment[Any, Any], work: Work) -> None:
        if self._path != experiment.path:
            self._close(None)
            self._written = self.begin(experiment)
            self._path = experiment.path
        self._phase = work.phase
        for record in work.records:
            self._keep(entry_of(record, work.phase))

    def _keep(self, entry: Entry | None) -> None:
        if self._path is not None and entry is not None and entry.name not in self._written:
            self.write(entry)
            self._written.add(entry.name)

    def _close(self, error: BaseException | None) -> None:
        if self._path is not None:
            self._path = None
            self.end(error)

    def _guarded(self, action: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            with warnings.catch_warnings():
                # What other packages warn of is for those who write them.
                warnings.simplefilter("ignore")
                action()
        except Exception as error:  # What a tracker raises is its own, and no reason to lose an experiment.
            self._failed = True
            reason = one_line(error_text(error) or type(error).__name__, _LONGEST)
            _log.warning("%s failed, and nothing more is tracked; the experiment continues: %s", self.name, reason)
