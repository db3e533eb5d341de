"""Define the base of evaluators that look results up in a file, such as a CSV table or a public benchmark."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Status, Task
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture


@dataclass(frozen=True)
class PublicTable:
    """Describe a table that its authors publish. The package neither contains nor downloads it.

    Attributes:
        title: its name, as the authors write it.
        networks: number and kind of the networks.
        data: data sets of the results.
        holds: how the networks were trained, and what was measured.
        space: name of the search space of its networks.
        licence: licence of the data, or what is known of it.
        source: where the authors offer it, and which file to take.
        citation: authors, title, place and year.
        caution: what a reader of its results must know; empty if there is nothing.
    """

    title: str
    networks: str
    data: str
    holds: str
    space: str
    licence: str
    source: str
    citation: str
    caution: str = ""


@dataclass(frozen=True)
class Row:
    """Hold what a file says of one network.

    Attributes:
        place: the place in the file, for messages, such as ``line 3``.
        architecture: the network in a notation that the space reads.
        metrics: numbers by name.
    """

    place: str
    architecture: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """Hold the results that a file has of the networks of a space.

    Attributes:
        name: name of the file, for messages.
        digest: hash of the file's content.
        architectures: the networks.
        metrics: values (n,) of each metric; NaN where a network has none.
        known: names of the metrics that need no evaluation.
    """

    name: str
    digest: str
    architectures: tuple[Architecture, ...]
    metrics: Mapping[str, Floats]
    known: tuple[str, ...] = ()


class Lookup(Evaluator):
    """Look results up. An architecture without a row is not proposed; it fails, and what is known of it is NaN.

    Args:
        settings: settings of the evaluator.
        results: what the file holds.
    """

    Settings: ClassVar[type[BaseModel]]
    instant: ClassVar[bool] = True
    about: ClassVar[PublicTable | None] = None
    """What ``rnas tables`` says of the table; None if it is the user's own."""

    def __init__(self, settings: BaseModel, results: Results) -> None:
        self._settings = settings
        self._results = results
        self._rows = {arch.key(architecture): row for row, architecture in enumerate(results.architectures)}

    @property
    def settings(self) -> Any:
        """Return the settings it was made with."""
        return self._settings

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest value of each metric in the table: no evaluation can give another."""
        metrics = self._results.metrics.items()
        return {name: (float(np.nanmin(values)), float(np.nanmax(values))) for name, values in metrics}

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return the hash of the table."""
        return {"table": self._results.digest}

    @property
    def notes(self) -> tuple[str, ...]:
        """Return where the results come from."""
        origin = f"Results were read from the table {self._results.name}; no network was trained."
        return (origin,) if self.about is None else (origin, *_described(self.about))

    @property
    def held(self) -> Sequence[Architecture]:
        """Return the architectures of the rows that the space contains."""
        return self._results.architectures

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Return the known metrics of each architecture; NaN for one that is not in the table."""
        rows = [self._rows.get(arch.key(architecture)) for architecture in architectures]
        columns = [(name, self._results.metrics[name]) for name in self._results.known]
        return [{name: math.nan if row is None else float(values[row]) for name, values in columns} for row in rows]

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return all metrics of the architecture's row; without a row the status is failed."""
        row = self._rows.get(arch.key(task.architecture))
        if row is None:
            return Evaluation(Status.FAILED, reason=f"{self._results.name} has no row for this architecture")
        cells = {name: float(values[row]) for name, values in self._results.metrics.items()}
        return Evaluation(
            Status.COMPLETE,
            metrics={name: value for name, value in cells.items() if math.isfinite(value)},
            provenance={"table": {"name": self._results.name, "hash": self._results.digest}},
        )

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Return an estimate of 0 seconds, because a row is read at once."""
        return EvaluationEstimate(seconds=0.0)


def held_by(space: SearchSpace, rows: Iterable[tuple[str, str]], path: Path) -> list[tuple[int, Architecture]]:
    """Return the number and the architecture of each row that a space contains; a narrowed space contains fewer.

    Args:
        space: the space, which reads the notations.
        rows: place in the file, and notation, of each row.
        path: the file, for messages.

    Raises:
        InputError: a notation cannot be read, two rows are one network, or the space contains none.
    """
    first: dict[str, str] = {}
    held: list[tuple[int, Architecture]] = []
    for number, (place, notation) in enumerate(rows):
        contained = False
        try:
            architecture = space.parse(notation)
        except InputError as error:
            raise InputError(f"{path}, {place}: {error}") from None
        with suppress(InputError):
            # The space has one description of networks that compute the same.
            architecture, contained = space.decode(space.encode(architecture)), True
        key = arch.key(architecture)
        if key in first:
            raise InputError(f"{path}, {place}: the same architecture as in {first[key]}; keep one of them")
        first[key] = place
        if contained:
            held.append((number, architecture))
    if not held:
        raise InputError(f"{path}: none of its architectures is in space {space.name!r}")
    return held


def results_of(space: SearchSpace, rows: Sequence[Row], path: Path, digest: str, known: Sequence[str] = ()) -> Results:
    """Return the results of the rows that a space contains.

    A metric that a row lacks is NaN, and one that all lack is left out.

    Raises:
        InputError: as :func:`held_by`.
    """
    held = held_by(space, [(row.place, row.architecture) for row in rows], path)
    names = dict.fromkeys(name for number, _ in held for name in rows[number].metrics)
    columns = {name: np.array([rows[number].metrics.get(name, math.nan) for number, _ in held]) for name in names}
    return Results(
        path.name,
        digest,
        tuple(architecture for _, architecture in held),
        {name: values for name, values in columns.items() if np.isfinite(values).any()},
        tuple(known),
    )


def _described(about: PublicTable) -> tuple[str, ...]:
    described = f"{about.title} has {about.networks}: {about.holds} ({about.citation}; licence: {about.licence})."
    return (described, about.caution) if about.caution else (described,)
