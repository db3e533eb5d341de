import json
import math
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import event

from rnas.errors import InputError, LedgerError
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import Objective
from rnas.nas.space import Variable
from rnas.nas.strategy import Prediction
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from rnas.utils import _sqlite as sqlite

OBJECTIVES = (
    Objective(metric="robust_accuracy", direction="maximize"),
    Objective(metric="flops", direction="minimize"),
)
VARIABLES = (Variable("depth1", (1, 2, 3), True), Variable("kernel", (3, 5, 7), True), Variable("se", ("none", "x")))
COMPLETE = Evaluation(
    Status.COMPLETE,
    metrics={"robust_accuracy": 0.5, "flops": 1e6},
    curve=({"epoch": 1, "loss": 2.0},),
    seconds=3.5,
    provenance={"device": "cpu"},
)


def proposal(number: int) -> Record:
    architecture = ResidualNetwork(depths=(1, 1, number + 1), channels=(16, 16, 16))
    return Record(
        number=number,
        key=arch.key(architecture),
        architecture=architecture,
        seed=3,
        fidelity={"epochs": 2},
        batch=number // 2,
        num_observed=0,
        predictions={"robust_accuracy": Prediction(0.4, 0.1)},
        parameters={"depth1": 2, "se": "none"},
    )


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    with sqlite.created(tmp_path / "ledger.db") as storage:
        ledger = Ledger(storage, OBJECTIVES, "run", "abc")
        for number in range(3):
            ledger.propose(proposal(number), VARIABLES)
        ledger.record(1, COMPLETE)
        ledger.record(0, Evaluation(Status.TIMEOUT, seconds=9.0, reason="too slow"))
        written = ledger.records
    assert [record.status for record in written] == ["timeout", "complete", "pending"]
    with sqlite.opened(tmp_path / "ledger.db") as storage:
        assert Ledger(storage, OBJECTIVES, "run", "abc").records == written
    assert written[1] == replace(proposal(1), evaluation=COMPLETE)


def test_states_and_values_are_those_of_optuna() -> None:
    storage = InMemoryStorage()
    ledger = Ledger(storage, OBJECTIVES)
    for number in range(3):
        ledger.propose(proposal(number), VARIABLES)
    ledger.record(1, COMPLETE)
    ledger.record(2, Evaluation(Status.DIVERGED, reason="nan"))
    trials = storage.get_all_trials(storage.get_all_studies()[0]._study_id)
    assert [trial.state for trial in trials] == [TrialState.RUNNING, TrialState.COMPLETE, TrialState.FAIL]
    assert trials[1].values == [0.5, 1e6]
    assert trials[1].params == {"depth1": 2, "se": "none"}
    assert trials[2].values is None
    assert json.dumps(trials[1].user_attrs)


def interrupt(_connection: Any) -> None:
    """As if the process died before the end of a transaction."""
    raise KeyboardInterrupt


def test_a_result_and_the_end_of_its_trial_are_written_together(tmp_path: Path) -> None:
    with sqlite.created(tmp_path / "ledger.db") as storage:
        ledger = Ledger(storage, OBJECTIVES)
        ledger.propose(proposal(0), VARIABLES)
        statements: list[str] = []
        event.listen(storage.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        ledger.propose(proposal(1), VARIABLES)
        proposed, statements[:] = len(statements), []
        ledger.record(0, COMPLETE)
        event.listen(storage.engine, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ledger.record(1, COMPLETE)
    assert (proposed, len(statements)) == (3, 6)
    with sqlite.opened(tmp_path / "ledger.db") as storage:
        [first, second] = storage.get_all_trials(1)
        assert (first.state, first.values) == (TrialState.COMPLETE, [0.5, 1e6])
        assert (second.state, second.values) == (TrialState.RUNNING, None)
        resumed = Ledger(storage, OBJECTIVES)
        assert [record.evaluation for record in resumed.records] == [COMPLETE, None]
        resumed.record(1, COMPLETE)
    with sqlite.reading(tmp_path / "ledger.db") as storage:
        assert Ledger(storage, OBJECTIVES).records[1].evaluation == COMPLETE


def test_results_and_numbers_are_written_once() -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    ledger.propose(proposal(0), VARIABLES)
    ledger.record(0, COMPLETE)
    with pytest.raises(ValueError, match="has its result already"):
        ledger.record(0, COMPLETE)
    with pytest.raises(ValueError, match="the next record is number 1, not 5"):
        ledger.propose(proposal(5), VARIABLES)


def test_another_configuration_is_refused() -> None:
    storage = InMemoryStorage()
    Ledger(storage, OBJECTIVES, "run", "abc")
    with pytest.raises(InputError, match="another configuration"):
        Ledger(storage, OBJECTIVES, "run", "abd")


def test_studies_of_several_runs_share_a_storage() -> None:
    storage = InMemoryStorage()
    one, other = Ledger(storage, OBJECTIVES, "one", "a"), Ledger(storage, OBJECTIVES, "other", "b")
    one.propose(proposal(0), VARIABLES)
    assert len(Ledger(storage, OBJECTIVES, "one", "a")) == 1
    assert len(other) == len(Ledger(storage, OBJECTIVES, "other", "b")) == 0


def test_a_newer_format_is_refused() -> None:
    storage = InMemoryStorage()
    Ledger(storage, OBJECTIVES)
    storage.set_study_user_attr(storage.get_all_studies()[0]._study_id, "format", 99)
    with pytest.raises(LedgerError, match="format 99, this version reads 1"):
        Ledger(storage, OBJECTIVES)


@pytest.fixture
def content() -> dict[str, Any]:
    """What a trial with a result stores."""
    storage = InMemoryStorage()
    ledger = Ledger(storage, OBJECTIVES)
    ledger.propose(proposal(0), VARIABLES)
    ledger.record(0, COMPLETE)
    return dict(storage.get_all_trials(storage.get_all_studies()[0]._study_id)[0].user_attrs)


def read_with(attributes: Mapping[str, Any]) -> tuple[Record, ...]:
    storage = InMemoryStorage()
    Ledger(storage, OBJECTIVES)
    storage.create_new_trial(
        storage.get_all_studies()[0]._study_id,
        create_trial(state=TrialState.COMPLETE, values=[0.5, 1e6], user_attrs=dict(attributes)),
    )
    return Ledger(storage, OBJECTIVES, source="x/ledger.db").records


def test_a_whole_trial_is_read(content: dict[str, Any]) -> None:
    assert read_with(content)[0].evaluation == COMPLETE


@pytest.mark.parametrize("key", ["../../victim", "/tmp/victim", "", "a\0b", "0123456789ab"])
def test_a_key_that_is_not_the_architecture_s_is_refused(content: dict[str, Any], key: str) -> None:
    with pytest.raises(LedgerError, match=r"x/ledger\.db: trial 0: its key is '.*', and that of its architecture is"):
        read_with({**content, "key": key})


@pytest.mark.parametrize("name", ["architecture", "seed", "fidelity", "batch", "num_observed", "predictions", "rung"])
def test_a_trial_without_an_attribute_or_with_another_type_is_refused(content: dict[str, Any], name: str) -> None:
    wrong = {key: value for key, value in content.items() if key != name}
    for attributes in (wrong, {**content, name: "x"}, {**content, name: None}):
        with pytest.raises(LedgerError, match=rf"x/ledger\.db: trial 0: {name}.*; restore it from a copy"):
            read_with(attributes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "pwned"}, "status"),
        ({"extra": 1}, "extra"),
        ({"curve": 5}, "curve"),
        ({"curve": [{"loss": "x"}]}, "curve.0.loss"),
        ({"provenance": "x"}, "provenance"),
        ({"seconds": "<b>"}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": math.inf}, "seconds"),
        ({"metrics": {"robust_accuracy": "x", "flops": 1}}, "metrics.robust_accuracy"),
        ({"metrics": {"robust_accuracy": math.nan, "flops": 1}}, "metrics.robust_accuracy"),
        ({"metrics": {}}, "metrics: robust_accuracy is missing"),
        ({"reason": None}, "reason"),
    ],
)
def test_a_damaged_evaluation_is_refused(content: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    with pytest.raises(LedgerError, match=rf"x/ledger\.db: trial 0: evaluation\.{field}"):
        read_with({**content, "evaluation": {**content["evaluation"], **changes}})
    with pytest.raises(LedgerError, match=r"trial 0: evaluation"):
        read_with({**content, "evaluation": [content["evaluation"]]})


@pytest.mark.parametrize(("name", "value"), [("robust_accuracy", 99.0), ("robust_accuracy", -0.1), ("flops", -5.0)])
def test_a_value_that_a_metric_cannot_have_is_refused(name: str, value: float) -> None:
    ledger = Ledger(InMemoryStorage(), OBJECTIVES, source="x/ledger.db")
    ledger.propose(proposal(0), VARIABLES)
    ledger.record(0, replace(COMPLETE, metrics={"robust_accuracy": 1.0, "flops": 1e6, "latency": -3.0, name: value}))
    with pytest.raises(
        LedgerError, match=rf"x/ledger\.db: trial 0: evaluation\.metrics\.{name}: {value:g} is not in \["
    ):
        ledger.require_within({"robust_accuracy": (0.0, 1.0)})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trial_user_attributes SET value_json = '{bad' WHERE key = 'seed'",
        "UPDATE trials SET state = 'BOGUS'",
        "DELETE FROM trial_user_attributes WHERE key = 'seed'",
        "UPDATE study_user_attributes SET value_json = '[' WHERE key = 'fingerprint'",
        "UPDATE trial_values SET value_type = 'x'",
        "DROP TABLE trial_values",
    ],
)
def test_damaged_rows_are_one_line(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "ledger.db"
    with sqlite.created(path) as storage:
        ledger = Ledger(storage, OBJECTIVES)
        ledger.propose(proposal(0), VARIABLES)
        ledger.record(0, COMPLETE)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"ledger\.db") as found, sqlite.reading(path) as storage:
        Ledger(storage, OBJECTIVES, source=str(path))
    assert len(str(found.value).splitlines()) == 1
    assert path.read_bytes() == before
