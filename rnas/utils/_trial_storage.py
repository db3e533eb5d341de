"""Write the trials of a ledger in a few statements, where Optuna asks for each of their rows again before it writes it.

The tables are those of Optuna, which reads them as its own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import (
    TrialModel,
    TrialParamModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rnas.errors import LedgerError

_MOST_KNOWN = 1000
_FINITE = TrialValueModel.TrialValueType.FINITE

_TRIALS: Any = TrialModel.__table__
_ATTRIBUTES: Any = TrialUserAttributeModel.__table__
_INSERTS: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class TrialStorage(RDBStorage):
    """Write a proposal in one transaction, and its result in another. Other writers wait, or are locked out."""

    def __init__(self, url: str, engine_kwargs: dict[str, Any], **options: Any) -> None:
        super().__init__(url, engine_kwargs, **options)
        self._known: dict[int, tuple[BaseDistribution, str]] = {}
        upsert = _INSERTS[self.engine.name](_ATTRIBUTES)
        self._upsert = upsert.on_conflict_do_update(
            index_elements=[_ATTRIBUTES.c.trial_id, _ATTRIBUTES.c.key], set_={"value_json": upsert.excluded.value_json}
        )

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial; one with parameters and attributes in a statement for each of its tables."""
        trial = template_trial
        if trial is None or trial.values is not None or trial.system_attrs or trial.intermediate_values:
            return super().create_new_trial(study_id, trial)
        number = select(func.count()).select_from(_TRIALS).where(_TRIALS.c.study_id == study_id).scalar_subquery()
        row = {"study_id": study_id, "state": trial.state, "datetime_start": _in_utc(trial.datetime_start)}
        with self.engine.begin() as connection:
            made = connection.execute(insert(_TRIALS).values(number=number).returning(_TRIALS.c.trial_id), row)
            trial_id = int(made.scalar_one())
            params = [
                {
                    "trial_id": trial_id,
                    "param_name": name,
                    "param_value": trial.distributions[name].to_internal_repr(value),
                    "distribution_json": self._json_of(trial.distributions[name]),
                }
                for name, value in trial.params.items()
            ]
            if params:
                connection.execute(insert(TrialParamModel.__table__), params)
            if trial.user_attrs:
                connection.execute(insert(_ATTRIBUTES), _attributes(trial_id, trial.user_attrs))
        return trial_id

    def end_trial(
        self, trial_id: int, attributes: Mapping[str, Any], state: TrialState, values: Sequence[float] | None = None
    ) -> None:
        """Write attributes of a running trial and its end in one transaction.

        Args:
            trial_id: the trial.
            attributes: JSON values by name.
            state: a state in which it is finished.
            values: finite values of the objectives, if it has them.

        Raises:
            LedgerError: it is not running.
        """
        ended = update(_TRIALS).where(_TRIALS.c.trial_id == trial_id, _TRIALS.c.state == TrialState.RUNNING)
        with self.engine.begin() as connection:
            done = connection.execute(ended.values(state=state, datetime_complete=_in_utc(datetime.now())))
            if done.rowcount != 1:
                raise LedgerError(f"trial {trial_id} of the database is not running; another program has ended it")
            if values is not None:
                rows = [
                    {"trial_id": trial_id, "objective": objective, "value": value, "value_type": _FINITE}
                    for objective, value in enumerate(values)
                ]
                connection.execute(insert(TrialValueModel.__table__), rows)
            if attributes:
                connection.execute(self._upsert, _attributes(trial_id, attributes))

    def _json_of(self, distribution: BaseDistribution) -> str:
        # By identity, as True and 1 are equal.
        known = self._known.get(id(distribution))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[id(distribution)] = distribution, distribution_to_json(distribution)
        return known[1]


def _attributes(trial_id: int, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return a local time as the tables hold it."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
