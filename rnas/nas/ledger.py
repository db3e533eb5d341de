"""Store every proposal and its result in an Optuna study. The state of a search is its ledger.

A proposal is written first, as a RUNNING trial; its evaluation completes that trial; a failure makes it a FAIL
trial with its status. An evaluation at a lower rung than the highest is a PRUNED trial: it has metrics, but
nothing to be compared by. Ledger order is proposal order.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt, ValidationError

from rnas.errors import InputError, LedgerError, error_text
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.objective import Objective
from rnas.nas.space import Choice, Variable
from rnas.nas.strategy import Prediction
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.utils._sqlite import DATABASE_ERRORS
from rnas.utils._text import one_line, shown
from rnas.utils._trial_storage import TrialStorage
from rnas.utils._yaml_files import explained

# Optuna announces every study and trial on its own; here progress is shown once.
optuna.logging.set_verbosity(optuna.logging.WARNING)

PENDING = "pending"
FORMAT = 1

_FIX = "restore it from a copy"
_BOUNDS = {"flops": (0.0, math.inf), "params": (0.0, math.inf)}
_ROUNDING = 1e-6
_LONGEST = 200


@dataclass(frozen=True)
class Record:
    """Hold one proposal and, once evaluated, its result.

    Attributes:
        number: position in the ledger, from 0.
        key: key of the architecture.
        architecture: what was proposed.
        seed: seed of its evaluation.
        fidelity: at which it is evaluated, as JSON.
        batch: number of the batch it was proposed in, from 0.
        num_observed: number of results that the strategy saw when it proposed this.
        predictions: predictions of the strategy, by metric.
        parameters: active variables of the space, by name.
        state: state of the strategy, as JSON, for one that is replayed.
        rung: the rung that it is evaluated at; 0 is the cheapest.
        evaluation: the result, or None before it is known.
    """

    number: int
    key: str
    architecture: Architecture
    seed: int
    fidelity: Mapping[str, Any]
    batch: int
    num_observed: int
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    parameters: Mapping[str, Choice] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    rung: int = 0
    evaluation: Evaluation | None = None

    @property
    def status(self) -> str:
        """Return the evaluation's status, or ``pending``."""
        return PENDING if self.evaluation is None else self.evaluation.status.value

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the evaluation's metrics; empty unless complete."""
        return {} if self.evaluation is None else self.evaluation.metrics

    @property
    def complete(self) -> bool:
        """Return whether it has metrics."""
        return self.evaluation is not None and self.evaluation.status is Status.COMPLETE


@contextmanager
def _explained(source: str) -> Iterator[None]:
    """Say that a storage is damaged, whatever Optuna raises that reads it."""
    try:
        yield
    except (*DATABASE_ERRORS, LedgerError):
        raise
    except Exception as error:
        raise LedgerError(f"{source} is damaged ({one_line(error_text(error), _LONGEST)}); {_FIX}") from None


class Ledger:
    """Store the records of one search in an Optuna storage. Only one process may write at a time.

    Args:
        storage: storage of the study.
        objectives: objectives whose metrics are the values of the trials.
        name: name of the study.
        new: whether the study may be created if it does not exist.
        fingerprint: hash of the configuration; a study of another one is refused.
        rungs: number of rungs; only a record at the highest has values to be ranked by.
        source: what to call the storage in messages, such as its path.
        facts: further JSON values to record in a new study, for readers.

    Raises:
        InputError: the study was made by another configuration.
        LedgerError: it has a newer format, has a record that is not ours, or does not exist and is not new.
    """

    def __init__(
        self,
        storage: BaseStorage,
        objectives: Sequence[Objective],
        name: str = "search",
        fingerprint: str = "",
        new: bool = True,
        rungs: int = 1,
        source: str = "the ledger",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._source = source
        self._storage = storage
        self._rungs = rungs
        self._name = name
        self._objectives = tuple(objectives)
        self._distributions: dict[str, tuple[Variable, BaseDistribution]] = {}
        with _explained(source):
            names = [study.study_name for study in storage.get_all_studies()]
        if name not in names:
            if not new:
                held = f"{', '.join(names)} only" if names else "none"
                raise LedgerError(f"{source} holds no study {name!r} ({held}): restore config.yaml or the ledger")
            storage.create_new_study([StudyDirection[o.direction.upper()] for o in objectives], name)
        self._study_id = storage.get_study_id_from_name(name)
        with _explained(source):
            attributes = storage.get_study_user_attrs(self._study_id)
        own = {"objectives": [o.metric for o in objectives], "fingerprint": fingerprint, "format": FORMAT}
        if facts is not None:
            own["facts"] = dict(facts)
        # One by one, so that a study whose maker was killed half-way is completed.
        for attribute, value in own.items():
            if attribute not in attributes:
                storage.set_study_user_attr(self._study_id, attribute, value)
        attributes = own | attributes
        self._facts = attributes.get("facts")
        if attributes.get("fingerprint") != fingerprint:
            raise InputError(
                f"{source} of run {name!r} was written under another configuration than its config.yaml; "
                "restore that file, or start a new run"
            )
        if attributes.get("format") != FORMAT:
            raise LedgerError(f"{source} has format {attributes.get('format')}, this version reads {FORMAT}")
        with _explained(source):
            trials = storage.get_all_trials(self._study_id, deepcopy=False)
        self._trial_ids = [trial._trial_id for trial in trials]
        self._records = [_record(trial, source, self._objectives) for trial in trials]
        self._tuple: tuple[Record, ...] | None = None
        self._ended = [record.number for record in self._records if record.evaluation is not None]

    @property
    def facts(self) -> Any:
        """Return the facts that were recorded when the study was made; None if there are none."""
        return self._facts

    @classmethod
    def in_memory(cls, objectives: Sequence[Objective], rungs: int = 1) -> Self:
        """Make a ledger that exists only as long as the process."""
        return cls(InMemoryStorage(), objectives, rungs=rungs)

    def companion(self, suffix: str, fingerprint: str, new: bool = True) -> "Ledger":
        """Return another ledger in the same storage, for evaluations that the search does not see; see
        :class:`Ledger`.
        """
        return Ledger(self._storage, self._objectives, f"{self._name}-{suffix}", fingerprint, new, source=self._source)

    def has_companion(self, suffix: str) -> bool:
        """Return whether a companion ledger of this name exists."""
        names = [study.study_name for study in self._storage.get_all_studies()]
        return f"{self._name}-{suffix}" in names

    @property
    def records(self) -> tuple[Record, ...]:
        """Return all records in proposal order; the same tuple until one of them changes."""
        if self._tuple is None:
            self._tuple = tuple(self._records)
        return self._tuple

    @property
    def ended(self) -> Sequence[int]:
        """Return the numbers of the records with a result: those that were read first, then each as it came."""
        return self._ended

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, number: int) -> Record:
        return self._records[number]

    def require_within(self, bounds: Mapping[str, tuple[float, float]]) -> None:
        """Raise LedgerError if a recorded metric is a value that it cannot have.

        Args:
            bounds: least and greatest possible value of metrics, as their evaluator states them.
        """
        for record in self._records:
            for name, (low, high) in (_BOUNDS | dict(bounds)).items():
                value = record.metrics.get(name, low)
                if not low - _ROUNDING <= value <= high + _ROUNDING:
                    raise LedgerError(
                        f"{self._source}: trial {record.number}: evaluation.metrics.{name}: {value:g} is not in "
                        f"[{low:g}, {high:g}]; {_FIX}"
                    )

    def propose(self, record: Record, variables: Sequence[Variable]) -> None:
        """Write a record without an evaluation; its number is the next one. One transaction.

        Args:
            record: what is proposed.
            variables: variables of the space before narrowing, which describe the trial's parameters.
        """
        if record.number != len(self._records):
            raise ValueError(f"the next record is number {len(self._records)}, not {record.number}")
        distributions = {v.name: self._described(v) for v in variables if v.name in record.parameters}
        trial = create_trial(
            state=TrialState.RUNNING,
            params=dict(record.parameters),
            distributions=distributions,
            user_attrs={
                "key": record.key,
                "architecture": arch.to_dict(record.architecture),
                "seed": record.seed,
                "fidelity": dict(record.fidelity),
                "batch": record.batch,
                "num_observed": record.num_observed,
                "predictions": {name: [p.mean, p.std] for name, p in record.predictions.items()},
                **({"state": dict(record.state)} if record.state else {}),
                "rung": record.rung,
            },
        )
        self._trial_ids.append(self._storage.create_new_trial(self._study_id, template_trial=trial))
        self._records.append(record)
        self._tuple = None

    def record(self, number: int, evaluation: Evaluation) -> Record:
        """Write the evaluation of a proposal in one transaction; raise ValueError if it has one already."""
        record = self._records[number]
        if record.evaluation is not None:
            raise ValueError(f"record {number} has its result already")
        content = {
            "status": evaluation.status.value,
            "metrics": {name: float(value) for name, value in evaluation.metrics.items()},
            "curve": [dict(point) for point in evaluation.curve],
            "seconds": evaluation.seconds,
            "provenance": dict(evaluation.provenance),
            "reason": evaluation.reason,
        }
        self._end_trial(self._trial_ids[number], record.rung, evaluation, {"evaluation": content})
        self._records[number] = replace(record, evaluation=evaluation)
        self._ended.append(number)
        self._tuple = None
        return self._records[number]

    def _end_trial(self, trial_id: int, rung: int, evaluation: Evaluation, attributes: Mapping[str, Any]) -> None:
        values = None
        if evaluation.status is not Status.COMPLETE:
            state = TrialState.FAIL
        elif rung < self._rungs - 1:
            # In Optuna's words: a trial that was stopped early. It has metrics, and no value to rank it by.
            state = TrialState.PRUNED
        else:
            state = TrialState.COMPLETE
            values = [float(evaluation.metrics[objective.metric]) for objective in self._objectives]
        if isinstance(self._storage, TrialStorage):
            self._storage.end_trial(trial_id, attributes, state, values)
            return
        for name, value in attributes.items():
            self._storage.set_trial_user_attr(trial_id, name, value)
        self._storage.set_trial_state_values(trial_id, state, values)

    def _described(self, variable: Variable) -> BaseDistribution:
        """Return the distribution of a variable, the same object each time."""
        known = self._distributions.get(variable.name)
        if known is None or known[0] is not variable:
            known = self._distributions[variable.name] = variable, _distribution(variable)
        return known[1]


def _distribution(variable: Variable) -> BaseDistribution:
    whole = [choice for choice in variable.choices if isinstance(choice, int) and not isinstance(choice, bool)]
    if variable.ordered and list(variable.choices) == list(range(min(whole, default=0), max(whole, default=-1) + 1)):
        return IntDistribution(whole[0], whole[-1])
    return CategoricalDistribution(variable.choices)


class _EvaluationContent(BaseModel):
    """Define how an evaluation is stored."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Annotated[Status, Field(strict=False)]
    metrics: dict[str, FiniteFloat]
    curve: list[dict[str, int | float]]
    seconds: Annotated[FiniteFloat, Field(ge=0)]
    provenance: dict[str, Any]
    reason: str


class _TrialContent(BaseModel):
    """Define what a trial of a ledger stores."""

    model_config = ConfigDict(strict=True)

    key: str
    architecture: dict[str, Any]
    seed: int
    fidelity: dict[str, Any]
    batch: NonNegativeInt
    num_observed: NonNegativeInt
    predictions: dict[str, Annotated[list[float], Field(min_length=2, max_length=2)]]
    state: dict[str, Any] = {}
    rung: NonNegativeInt
    evaluation: _EvaluationContent | None = None


def _record(trial: FrozenTrial, source: str, objectives: Sequence[Objective]) -> Record:
    """Return the record of a trial; raise LedgerError if it is not whole, or not that of its architecture."""
    attributes, where = trial.user_attrs, f"{source}: trial {trial.number}"
    if "key" not in attributes:
        raise LedgerError(f"{where} was not proposed by a search: remove it from the study")
    try:
        content = _TrialContent.model_validate(attributes)
        architecture = arch.from_dict(content.architecture)
    except ValidationError as error:
        raise LedgerError(f"{explained(error, where, _TrialContent)}; {_FIX}") from None
    except InputError as error:
        raise LedgerError(f"{where}: {error}; {_FIX}") from None
    key = arch.key(architecture)
    if content.key != key:
        raise LedgerError(f"{where}: its key is {shown(content.key)}, and that of its architecture is {key}; {_FIX}")
    evaluation = None if content.evaluation is None else _evaluation(content.evaluation)
    if evaluation is not None and evaluation.status is Status.COMPLETE:
        missing = [objective.metric for objective in objectives if objective.metric not in evaluation.metrics]
        if missing:
            raise LedgerError(f"{where}: evaluation.metrics: {missing[0]} is missing; {_FIX}")
    return Record(
        number=trial.number,
        key=key,
        architecture=architecture,
        seed=content.seed,
        fidelity=content.fidelity,
        batch=content.batch,
        num_observed=content.num_observed,
        predictions={name: Prediction(*pair) for name, pair in content.predictions.items()},
        parameters=trial.params,
        state=content.state,
        rung=content.rung,
        evaluation=evaluation,
    )


def _evaluation(content: _EvaluationContent) -> Evaluation:
    return Evaluation(
        status=content.status,
        metrics=content.metrics,
        curve=tuple(content.curve),
        seconds=content.seconds,
        provenance=content.provenance,
        reason=content.reason,
    )
