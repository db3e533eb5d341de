"""Store trials with parameters, epochs and result in an Optuna study (Akiba et al., KDD 2019)."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import optuna
from optuna import Study
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import Field, NonNegativeFloat

from rnas.errors import InputError, LedgerError
from rnas.experiments.training._history import Epoch
from rnas.experiments.tuning._pruners import make_pruner
from rnas.experiments.tuning.settings import TuningSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.strategies._optuna_samplers import make_sampler
from rnas.utils._json_files import Content, checked_content

_NAME = "tuning"
_RESULT = "result"
_FINGERPRINT = "fingerprint"
_PROVENANCE = "provenance"


class _Result(Content):
    status: Annotated[Status, Field(strict=False)]
    reason: str
    curve: list[Epoch]
    seconds: NonNegativeFloat
    pruned: bool = False


class TuningStudy:
    """Store the trials of a tuning; several processes may open it to ask for trials, train one or read them.

    Args:
        storage: storage of the study, which is created if it does not exist.
        settings: settings of the tuning.

    Raises:
        InputError: the study is that of other settings.
    """

    def __init__(self, storage: BaseStorage, settings: TuningSettings) -> None:
        self._storage = storage
        self._settings = settings
        epochs = settings.training.fidelity.epochs
        self.study: Study = optuna.create_study(
            storage=storage,
            study_name=_NAME,
            direction="maximize",
            pruner=make_pruner(settings.pruner, epochs),
            load_if_exists=True,
        )
        fingerprint = self.study.user_attrs.get(_FINGERPRINT)
        if fingerprint is None:
            self.study.set_user_attr(_FINGERPRINT, settings.fingerprint)
        elif fingerprint != settings.fingerprint:
            raise InputError(
                "config.yaml was changed after the tuning was started: restore it from a copy, or tune again in a new "
                "directory"
            )

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Return ``versions`` and ``device`` of the process that last ran trials; empty before the first."""
        recorded: Mapping[str, Any] = self.study.user_attrs.get(_PROVENANCE, {})
        return recorded

    def keep_provenance(self, provenance: Mapping[str, Any]) -> None:
        """Keep where trials are run, as JSON values."""
        self.study.set_user_attr(_PROVENANCE, dict(provenance))

    @property
    def trials(self) -> list[FrozenTrial]:
        """Return all trials in order."""
        return self.study.get_trials(deepcopy=False)

    def ask(self) -> FrozenTrial:
        """Ask for a new trial: the first has the recipe's own values, each other what the sampler suggests.

        The sampler is made anew from the seed and the trial's number, so that what it suggests follows from what the
        study holds.
        """
        number = len(self.trials)
        if number == 0:
            own = self._settings.published
            allowed = {key: self._settings.distributions[key] for key in own}
            template = create_trial(state=TrialState.RUNNING, params=own, distributions=allowed)
            self._storage.create_new_trial(self.study._study_id, template_trial=template)
        else:
            seed = int(np.random.default_rng([self._settings.training.seed, number]).integers(2**31))
            self.study.sampler = make_sampler("sampler", self._settings.sampler, {}, 1, seed)
            self.study.ask(self._settings.distributions)
        return self.trials[number]

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Write what a trial has reached after an epoch, from 1; whether to stop it there.

        Trial 0, which all are compared with, is never stopped.
        """
        identifier = self._identifier(number)
        self._storage.set_trial_intermediate_value(identifier, epoch, value)
        if number == 0 or epoch == self._settings.training.fidelity.epochs:
            return False
        trial = self._storage.get_trial(identifier)
        # A trial that was killed and is trained again has left epochs that it is not at yet.
        trial.intermediate_values = {e: v for e, v in trial.intermediate_values.items() if e <= epoch}
        # Of numpy's kind, which JSON has no word for.
        return bool(self.study.pruner.prune(self.study, trial))

    def tell(self, number: int, evaluation: Evaluation) -> FrozenTrial:
        """Write the result of a trial. A loss that diverged counts as a trial that was stopped, which is a bad one."""
        result = {
            "status": evaluation.status.value,
            "reason": evaluation.reason,
            "curve": list(evaluation.curve),
            "seconds": evaluation.seconds,
            **evaluation.provenance,
        }
        self._storage.set_trial_user_attr(self._identifier(number), _RESULT, result)
        self._close(number, result)
        return self.trials[number]

    def close_finished_trials(self) -> None:
        """Close trials whose result was written when the process died, before their state was."""
        for trial in self.trials:
            if not trial.state.is_finished() and result_of(trial):
                self._close(trial.number, result_of(trial))

    def _close(self, number: int, result: Mapping[str, Any]) -> None:
        status = Status(result["status"])
        if status is Status.COMPLETE and not result["pruned"]:
            self.study.tell(number, max(row[self._settings.metric] for row in result["curve"]))
        elif status in (Status.COMPLETE, Status.DIVERGED):
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            self.study.tell(number, state=TrialState.FAIL)

    def _identifier(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self.study._study_id, number)


def result_of(trial: FrozenTrial) -> Mapping[str, Any]:
    """Return ``status``, ``reason``, ``curve``, ``seconds`` and ``pruned`` of a trial; empty while it is open.

    Raises:
        LedgerError: it is damaged.
    """
    if _RESULT not in trial.user_attrs:
        return {}
    try:
        result: Mapping[str, Any] = checked_content(trial.user_attrs[_RESULT], _Result, f"trial {trial.number}")
    except InputError as error:
        raise LedgerError(f"the ledger is damaged ({error}): restore it from a copy") from None
    return result
