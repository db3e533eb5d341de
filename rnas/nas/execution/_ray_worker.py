"""Evaluate inside a task of Ray, on any node."""

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from rnas import __version__
from rnas.data.dataset import Dataset
from rnas.data.loading import place_dataset
from rnas.errors import error_text
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Task
from rnas.utils._devices import share_memory

_REPORT_SECONDS = 1.0
_LONGEST_LOG = 2**20

_loaded: "dict[str, Sent]" = {}


@dataclass(frozen=True)
class Sent:
    """Hold what all tasks of an executor share; it is sent to each node once.

    Attributes:
        evaluator: runs the tasks.
        inputs: what it read when the experiment was started.
        seconds: time after which an evaluation gives up.
        folder: folder for large results, or None.
        mark: name of a file in that folder, by which a node sees that it has the same folder.
        version: version of rnas.
    """

    evaluator: Evaluates
    inputs: Mapping[str, str]
    seconds: float | None
    folder: Path | None
    mark: str
    version: str = __version__


@dataclass(frozen=True)
class Outcome:
    """Hold what comes back from a task.

    Attributes:
        evaluation: the result; None if the worker cannot evaluate anything.
        reason: why it cannot.
        files: files that the evaluation has left, by their path from the folder that holds the folder for large
            results; empty if the node has that folder itself.
        log: what the evaluation has printed, its end if it is long.
    """

    evaluation: Evaluation | None
    reason: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    log: str = ""


@dataclass(frozen=True)
class Images:
    """Hold a data set as arrays, which all processes of a node read from one place in memory.

    Attributes:
        name: registered name.
        folder: from which the driver has read it.
        pixels: its images.
        labels: their labels.
        others: its other fields.
    """

    name: str
    folder: Path | None
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    others: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, folder: Path | None, dataset: Dataset) -> Self:
        """Return the arrays of a data set."""
        own = {one.name: getattr(dataset, one.name) for one in fields(dataset) if one.init}
        return cls(name, folder, own.pop("pixels").numpy(), own.pop("labels").numpy(), own)

    def place(self) -> None:
        """Let the evaluators of this process use the data set."""
        with warnings.catch_warnings():
            # The memory cannot be written to, and a data set is not.
            warnings.simplefilter("ignore")
            pixels, labels = torch.from_numpy(self.pixels), torch.from_numpy(self.labels)
        place_dataset(self.name, self.folder, Dataset(pixels=pixels, labels=labels, **self.others))


def evaluate(
    place: Sequence[Any], path: Sequence[str], task: Task, name: str, device: str, sharers: int, board: Any
) -> Outcome:
    """Evaluate one task.

    Args:
        place: references to the :class:`Sent` of the executor and to its :class:`Images`, in a list so that Ray does
            not read them.
        path: where the driver imports from.
        task: what to evaluate.
        name: by which the board knows this attempt.
        device: a torch device.
        sharers: number of evaluations that share it.
        board: the actor that receives progress.
    """
    sys.path.extend(entry for entry in path if entry not in sys.path)
    try:
        sent = _loaded_once(place)
    except Exception as error:  # Whatever reading a user's object raises.
        return Outcome(None, f"it cannot be read there ({type(error).__name__}: {error_text(error)})")
    if sent.version != __version__:
        return Outcome(None, f"there is rnas {__version__}, and {sent.version} here")
    if device == "cpu":
        torch.set_num_threads(1)
    else:
        share_memory(device, sharers)
    last = -float("inf")

    def report(share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _REPORT_SECONDS:
            last = time.monotonic()
            board.report.remote(name, share)

    board.report.remote(name, 0.0)
    deadline = None if sent.seconds is None else time.monotonic() + sent.seconds
    with tempfile.TemporaryDirectory(prefix="rnas-") as scratch, _captured() as log:
        folder, shared = sent.folder, sent.folder is None or (sent.folder.parent / sent.mark).exists()
        if folder is not None and not shared:
            folder = Path(scratch) / folder.name
        evaluation = guard.evaluate(sent.evaluator, task, Context(device, deadline, folder, report), sent.inputs)
        return Outcome(evaluation, files={} if shared else _files(Path(scratch)), log=_end(log))


def _loaded_once(place: Sequence[Any]) -> Sent:
    import ray

    key = place[0].hex()
    if key not in _loaded:
        _loaded.clear()
        # The evaluator asks for its images while it is read.
        for images in ray.get(list(place[1:])):
            images.place()
        _loaded[key] = ray.get(place[0])
    return _loaded[key]


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@contextmanager
def _captured() -> Iterator[Any]:
    """Send what this process and its children print to a file."""
    with tempfile.TemporaryFile() as file:
        saved = [(stream, os.dup(stream)) for stream in (1, 2)]
        for stream, _ in saved:
            os.dup2(file.fileno(), stream)
        try:
            yield file
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream, copy in saved:
                os.dup2(copy, stream)
                os.close(copy)


def _end(file: Any) -> str:
    sys.stdout.flush()
    sys.stderr.flush()
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), _LONGEST_LOG, max(0, size - _LONGEST_LOG)).decode(errors="replace")
