"""Define the contract of an evaluator: what it receives, and what it must return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from rnas.networks.architecture import Architecture, Shape
from rnas.training.search_cost import SearchCost


class Status(StrEnum):
    """Name how an evaluation ended. All but the first are also results: they are recorded, shown, and infeasible."""

    COMPLETE = "complete"
    DIVERGED = "diverged"
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    FAILED = "failed"


@dataclass(frozen=True)
class Task:
    """Define what to evaluate. Equal tasks give equal metrics on one machine."""

    architecture: Architecture
    seed: int
    fidelity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """Define where to evaluate; nothing here may change a metric.

    Attributes:
        device: a torch device, such as ``cpu`` or ``cuda:0``.
        deadline: ``time.monotonic()`` after which to stop with status timeout, or None.
        folder: folder for large results such as checkpoints, or None to store none.
        progress: called with the share done, from 0 to 1.
    """

    device: str = "cpu"
    deadline: float | None = None
    folder: Path | None = None
    progress: Callable[[float], None] = lambda share: None


@dataclass(frozen=True)
class Evaluation:
    """Hold the result of a task.

    Attributes:
        status: how it ended.
        metrics: numbers by name, of at most 1e30 in size; empty unless complete.
        curve: one mapping an epoch, by name.
        seconds: wall-clock time.
        provenance: recipe, data hash, versions, device: JSON values.
        reason: one line that explains a status other than complete.
    """

    status: Status
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    seconds: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Rung:
    """Define one rung.

    Attributes:
        fidelity: fidelity of its evaluations, as JSON.
        share: cost of one evaluation as a share of one at the highest rung, in (0, 1].
    """

    fidelity: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0


@dataclass(frozen=True)
class EvaluationEstimate:
    """Estimate what one evaluation needs here: seconds, and bytes of memory if they were measured."""

    seconds: float
    memory: int | None = None


class Evaluates(Protocol):
    """Define what an executor needs of an evaluator. It must be picklable, since each worker process gets a copy."""

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Evaluate one architecture. An exception becomes status failed, with its message."""


@runtime_checkable
class Evaluator(Evaluates, Protocol):
    """Evaluate architectures. An evaluator is registered under ``rnas.evaluators`` as a class.

    It is made as ``cls(settings, space)``, with an instance of its ``Settings``, a model whose first field has the
    registered name; and it must be picklable, since it travels to worker processes once. What most
    evaluators do is inherited by one that derives from this class.

    Attributes:
        Settings: pydantic model of what a config says of it.
        instant: evaluations take no time to speak of, so that each batch may wait for the one before.
    """

    Settings: ClassVar[type[BaseModel]]
    instant: ClassVar[bool]

    @classmethod
    def image_format(cls, settings: Any) -> tuple[Shape, int]:
        """Return the shape (C, H, W) of the images and the number of classes that settings define."""

    @property
    def settings(self) -> BaseModel:
        """Return the settings it was made with, with defaults filled in."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest possible value of each metric that has them; by default none has."""
        return {}

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return the rungs of fidelity, cheapest first. It evaluates at the last unless a task gives another
        fidelity.

        By default it has one fidelity, and no name for it.
        """
        return (Rung(),)

    @property
    def notes(self) -> Sequence[str]:
        """Return notes that a reader of its results must know; by default there are none."""
        return ()

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Return for each architecture the metrics that need no evaluation; the same names for all.

        By default it knows none: params and FLOPs come from the space.
        """
        return [{} for _ in architectures]

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Measure, in seconds rather than minutes, what ``evaluate`` would need."""


@runtime_checkable
class NamesStages(Protocol):
    """Define an evaluator that can say in words how far an evaluation is."""

    def stage(self, task: Task, share: float) -> str:
        """Return what is done of a task, such as ``epoch 3 of 6``, when a share in [0, 1] of it is done."""


@runtime_checkable
class ReadsInputs(Protocol):
    """Define a part of a search, such as an evaluator, whose results depend on files."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return a hash of what is read from files, by the setting that names it.

        A search ends with an error, and is not resumed, when one of them is another.
        """


@runtime_checkable
class ReportsToDriver(Protocol):
    """Define an evaluator that writes to files of the driver's host, which other hosts do not have."""

    def on_cluster(self, ray: Any) -> Evaluates:
        """Return an evaluator that any node of a cluster can use.

        Args:
            ray: the module of Ray, connected to the cluster.
        """


@runtime_checkable
class NotesSpeed(Protocol):
    """Define an evaluator whose settings may be slow on some devices."""

    def speed_note(self, device: str) -> str:
        """Return in one line why it is slower on a device, such as ``cpu``, than it could be; empty if it is not."""


@runtime_checkable
class CountsImages(Protocol):
    """Define an evaluator that counts what its evaluations cost, so that searches can be compared at equal cost."""

    def cost(self, task: Task) -> SearchCost:
        """Count the images that an evaluation of a task passes through networks; the seconds are 0."""


@runtime_checkable
class SharesCost(Protocol):
    """Define an evaluator that needs something which was made once, such as a supernet."""

    @property
    def shared_cost(self) -> SearchCost:
        """Return what that has cost."""


@runtime_checkable
class KnowsWhatItHolds(Protocol):
    """Define an evaluator that can evaluate some architectures of a space only."""

    @property
    def held(self) -> Sequence[Architecture]:
        """Return all architectures that can be evaluated; others are not proposed."""


def inputs_of(part: object) -> dict[str, str]:
    """Return a hash of what a part of a search reads from files, by the setting that names it."""
    return dict(part.inputs) if isinstance(part, ReadsInputs) else {}


@runtime_checkable
class EvaluatesWeights(Protocol):
    """Define an evaluator that stores the weights of its networks, and can measure these again.

    ``evaluate`` keeps them in the context's folder as ``KEY.safetensors``, with the first 16 hexadecimal digits of the
    file's sha256 as ``weights`` in the provenance.
    """

    def evaluate_weights(self, task: Task, weights: Path, context: Context) -> Evaluation:
        """Evaluate a network whose weights an earlier ``evaluate`` of the same task stored, without training.

        On the same machine and versions a CPU gives the same metrics. Raises InputError where the weights are not
        those of the task's network.
        """

    def provenance(self, task: Task, device: str) -> Mapping[str, Any]:
        """Return what an evaluation of a task on a device would record of all that decides it, without evaluating."""


FINAL_ACCURACY = "test_worst_case_accuracy"
"""Metric of a final evaluation: accuracy in [0, 1] under the worst case of its attacks, on the test split."""


@runtime_checkable
class ProvidesFinalEvaluator(Protocol):
    """Define an evaluator that can also evaluate the members of a front finally."""

    def final_evaluator(self, attacks: Sequence[str]) -> Evaluates:
        """Return what trains as this one does, and gives one more metric, :data:`FINAL_ACCURACY`, under these attacks.

        The provenance of its evaluations holds ``final_evaluation``: the attacks, the interval of that accuracy, and
        flags, each with name and explanation, if its robustness looks overestimated. Raises InputError for an unknown
        attack.
        """
