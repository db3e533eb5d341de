"""Define the configuration of a search, and of experiments on it: every key is checked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from rnas.errors import InputError
from rnas.experiment import ExperimentSettings
from rnas.nas.evaluators.costs import CostSettings
from rnas.nas.execution.ray_settings import RaySettings
from rnas.nas.objective import Objective
from rnas.utils._lazy import LazyModule
from rnas.utils._yaml_files import checked
from rnas.utils.model import Model
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import NamesField, PathField

if TYPE_CHECKING:
    from rnas.utils import _databases as databases
else:
    databases = LazyModule("rnas.utils._databases")

_NOT_OF_THE_SEARCH = frozenset({"budget", "final_evaluation", "hours", "workers", "device", "storage", "ray"})


class FinalEvaluation(Model):
    """The final evaluation of a front, after the search."""

    seeds: PositiveInt = 3
    """Retrainings per front member, with new seeds."""
    attacks: NamesField = Field(("autoattack-cascade",), min_length=1)
    """Names of the attacks on the retrained networks, on the test split."""


class SearchConfig(ExperimentSettings):
    """A run's configuration as it is written."""

    name: str | None = None
    """Name of the search; None takes that of its directory."""
    space: dict[str, Any] = Field({"name": "robust-resnet"})
    """Name of a search space, or ``{name: NAME, ...}`` with the space's settings. A name such as
    ``package.module:Class`` imports a space that is not registered.
    """
    evaluator: dict[str, Any] = Field({"train": {}})
    """What evaluates networks: ``{train: {...}}``, ``{table: FILE, ...}``, ``{call: "package.module:name"}``, another
    registered evaluator by its name, or ``{class: "package.module:Class", settings: {...}}``.
    """
    objectives: tuple[Objective, ...] = ()
    """Metrics to trade off, each with its direction; robust accuracy up and FLOPs down, where networks are trained."""
    costs: CostSettings | None = None
    """Latency, memory and functions of your own as metrics; None has FLOPs and params only."""
    strategy: dict[str, Any] = Field({"name": "surrogate-nsga2"})
    """Name of a strategy, or ``{name: NAME, ...}`` with its options; imported like a space."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of everything random."""
    budget: PositiveInt = 100
    """Evaluations in all; one at a lower rung counts as its share of the cost of one at the highest."""
    final_evaluation: FinalEvaluation | None = None
    """Evaluation of the front after the search: each network is trained again with several seeds at the highest
    fidelity, and attacked by AutoAttack; None leaves it at what the search measured.
    """
    hours: PositiveFloat | None = None
    """Hours after which no new evaluation starts; None is no limit."""
    batch_size: int = Field(4, ge=1, le=10_000)
    """Number of networks that are proposed at once."""
    asynchronous: bool = False
    """Whether to propose each network from all results that are known at that moment, so that no worker ever waits;
    ``batch_size`` networks are then under way at once, or as many as there are workers if these are more. What is tried
    depends on how long evaluations take. Otherwise networks are proposed in batches, and a search can be repeated.
    """
    promote: float = Field(0.5, ge=0.5, le=1)
    """Share of each batch that is promoted to the next rung, if there is one; at least half, since short adversarial
    training screens networks and does not rank them.
    """
    time_limit: PositiveFloat | None = None
    """Seconds after which an evaluation is given up; None is no limit."""
    workers: NonNegativeInt | Literal["auto"] | None = None
    """Evaluations at once, each in a process of its own; 0 runs them in the searching process; ``auto`` is as many a
    GPU as its memory has room for, by the largest of 32 networks; None is one a CPU core, or one a GPU.
    """
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device that evaluates; ``auto`` takes a GPU where there is one."""
    ray: RaySettings | None = None
    """Cluster of Ray on which evaluations run; None runs them on this host."""
    storage: str | None = None
    """URL of a database for the ledger, such as postgresql+psycopg://USER@HOST/NAME, of which a password is not kept;
    None is a file in the run.
    """

    @field_validator("storage")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        return None if value is None else databases.recorded(value)

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
        # The config of a search says so; it is a good start for another one.
        content = {key: value for key, value in data.items() if (key, value) != ("kind", "search")}
        return checked(cls, content, source)

    @property
    def fingerprint(self) -> str:
        """Hash what decides the search; its length, place, machine and final evaluation do not."""
        left_out = set(_NOT_OF_THE_SEARCH) | {name for name in ("asynchronous", "costs") if not getattr(self, name)}
        return json_hash(self.model_dump(mode="json", exclude=left_out))


class OnSearchSettings(ExperimentSettings):
    """Hold what decides an experiment on a search."""

    search: PathField
    """Directory of the search; written relative to the experiment's own directory where this is inside it."""


class FidelitySettings(OnSearchSettings):
    """Hold what decides a study of rungs."""

    architectures: int = Field(120, ge=10)
    """Networks to train at every rung, drawn from the space, stratified over log FLOPs."""
    bands: PositiveInt = 2
    """Bands of FLOPs, within which networks are compared."""
    seeds: PositiveInt = 2
    """Trainings of each network at each rung; two show the noise."""
