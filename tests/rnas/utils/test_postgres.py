"""Ledgers in a real PostgreSQL, whose connections end at every moment."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

import rnas
from rnas.errors import InputError, LedgerError
from rnas.experiment import Listener
from rnas.nas.search import Search
from rnas.utils import _databases as databases
from rnas.utils import _postgres as postgres
from tests.launcher import run
from tests.postgres import PASSWORD, Server, programs, serving
from tests.rnas.test_experiment import Killer, essence

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")

TINY: dict[str, Any] = {
    "name": "tiny",
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3], "depth2": [2, 3], "depth3": [2, 3]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [{"metric": "score", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}],
    "strategy": "random",
    "budget": 6,
    "batch_size": 2,
    "workers": 0,
}
TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rnas%'"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> str:
    """A new database, with the password."""
    name = f"d{abs(hash(request.node.name))}"
    with server.connected() as connection:
        connection.execute(f"create database {name}")
    return server.url(name)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the same search records in a file of SQLite."""
    return records(rnas.search(TINY, output=tmp_path_factory.mktemp("sqlite") / "run"))


def records(result: rnas.SearchResult) -> Any:
    return essence(result.to_dict()["evaluations"], Path("/nowhere"))


@pytest.fixture
def storage(url: str) -> Iterator[BaseStorage]:
    """An empty study, open to write."""
    databases.create(url)
    with databases.opened(url, "one") as opened:
        opened.create_new_study([StudyDirection.MINIMIZE], "one")
        yield opened


def closes_after(storage: Any, done: bool) -> None:
    """End the connection at its next commit: after the server did it, or before."""
    connection = storage._held
    commit = connection.commit

    def end() -> None:
        if done:
            commit()
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    connection.commit = end


@pytest.mark.parametrize("done", [True, False], ids=["after the server did it", "before the server did it"])
def test_no_write_is_lost_or_doubled_where_the_connection_ends_in_it(storage: Any, done: bool) -> None:
    study = storage.get_study_id_from_name("one")
    template = create_trial(state=TrialState.RUNNING, user_attrs={"key": "a"})
    first = storage.create_new_trial(study, template)
    closes_after(storage, done)
    second = storage.create_new_trial(study, template)
    closes_after(storage, done)
    storage.end_trial(second, {"evaluation": 3}, TrialState.COMPLETE, [7.0])
    closes_after(storage, done)
    other = storage.create_new_study([StudyDirection.MAXIMIZE], "one-more")
    closes_after(storage, done)
    storage.set_study_user_attr(other, "format", 1)
    trials = storage.get_all_trials(study)
    assert [(trial._trial_id, trial.state, trial.values, trial.user_attrs) for trial in trials] == [
        (first, TrialState.RUNNING, None, {"key": "a"}),
        (second, TrialState.COMPLETE, [7.0], {"key": "a", "evaluation": 3}),
    ]
    assert storage.get_study_user_attrs(other) == {"format": 1}
    assert len(storage.get_all_studies()) == 2


def test_a_driver_waits_until_the_server_notices_that_its_connection_was_lost(
    storage: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postgres, "_LOCK_SECONDS", 0.2)
    study = storage.get_study_id_from_name("one")
    connection, close = storage._held, storage._held.close
    session = connection.info.backend_pid

    def unnoticed() -> None:
        connection.close = close
        os.kill(session, signal.SIGSTOP)
        close()

    def noticed(_record: object = None) -> bool:
        with suppress(ProcessLookupError):
            os.kill(session, signal.SIGCONT)
        return True

    closes_after(storage, done=True)
    connection.close = unnoticed
    postgres._log.addFilter(noticed)
    try:
        storage.create_new_trial(study)
    finally:
        postgres._log.removeFilter(noticed)
        noticed()
    assert len(storage.get_all_trials(study)) == 1
    [said] = caplog.messages
    assert "has not noticed yet that a connection to it was lost; waiting up to 10 minutes for it" in said


def test_a_driver_writes_nothing_after_another_took_its_place(storage: Any, url: str) -> None:
    study = storage.get_study_id_from_name("one")
    storage._held.close()
    with databases.opened(url, "one") as other:
        other.create_new_trial(study)
        with pytest.raises(InputError, match=r"rnas, process .* writes search 'one' there; wait for it or stop it"):
            storage.create_new_trial(study)
    with pytest.raises(LedgerError, match="another driver has written to search 'one' since the connection was lost"):
        storage.create_new_trial(study)
    with databases.reading(url) as reader:
        assert len(reader.get_all_trials(study)) == 1


def test_a_reader_changes_nothing(storage: BaseStorage, url: str) -> None:
    with pytest.raises(LedgerError, match="read-only"), databases.reading(url) as reader:
        reader.create_new_study([StudyDirection.MINIMIZE], "two")
    assert [study.study_name for study in storage.get_all_studies()] == ["one"]


class Troubles(Listener):
    """Do something at each event of a search, by its number."""

    def __init__(self, actions: Mapping[int, Callable[[], object]]) -> None:
        self.actions = dict(actions)
        self._number = 0

    def _next(self) -> None:
        self._number += 1
        self.actions.pop(self._number, lambda: None)()

    def proposed(self, record: Any) -> None:
        self._next()

    def recorded(self, record: Any) -> None:
        self._next()


def test_a_search_outlives_its_connections_and_its_server(
    server: Server, url: str, uninterrupted: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, copy = tmp_path / "run", tmp_path / "copy"
    seen: list[int] = []
    refused: list[str] = []

    def restart() -> None:
        server.stop()
        Timer(0.5, server.start).start()

    def end_connections() -> None:
        with server.connected() as connection:
            assert connection.execute(TERMINATE).fetchall() == [(True,)]

    def read_twice() -> None:
        readers = [Search.open(run).result() for _ in range(2)]
        seen.extend(len(result.records) for result in readers)

    def drive_a_copy() -> None:
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("lock"))
        with pytest.raises(InputError) as error:
            rnas.resume(copy)
        refused.append(str(error.value))

    troubles = Troubles({2: end_connections, 3: drive_a_copy, 4: read_twice, 5: restart, 7: end_connections})
    result = rnas.search({**TINY, "storage": url}, output=run, listener=troubles)
    assert not troubles.actions
    assert records(result) == uninterrupted
    assert records(Search.open(run).result()) == uninterrupted
    assert seen == [4, 4]
    assert "is in use: rnas, process" in refused[0]
    assert "\n" not in refused[0]
    assert "waiting up to 10 minutes for it" in caplog.text
    # What is written is for everybody to read.
    written = [path.read_text(errors="replace") for path in run.rglob("*") if path.is_file()]
    for text in (*written, caplog.text, repr(result.setup.config), refused[0]):
        assert PASSWORD not in text
        assert PASSWORD.replace("/", "%2F") not in text
    assert rnas.resume(run, budget=8).records[:6] == result.records


def killed_again_and_again(path: str) -> None:
    """Resume a search, and kill its driver at every fifth event, each time in a process of its own."""
    for _ in range(20):
        child = os.fork()
        if child == 0:
            Search.open(path).run(Killer("any", 5))
            os._exit(0)
        if os.waitpid(child, 0)[1] != signal.SIGKILL:
            return
    raise AssertionError("it did not end")


def test_a_driver_that_is_killed_releases_its_lock_and_resumes(
    server: Server, url: str, uninterrupted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    with suppress(KeyboardInterrupt):
        rnas.search({**TINY, "storage": url}, output=path, listener=Troubles({1: _interrupt}))
    monkeypatch.setenv("RNAS_STORAGE", url)
    run("tests.rnas.utils.test_postgres:killed_again_and_again", path)
    assert records(Search.open(path).result()) == uninterrupted


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_a_password_that_is_missing_is_asked_for_in_one_line(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    made = rnas.search({**TINY, "storage": url}, budget=2, output=run)
    # As in another process.
    monkeypatch.setattr(databases, "_complete", {})
    public = databases.recorded(Search.open(run).settings.storage or "")
    message = rf"^{public} cannot be opened without the right password: set PGPASSWORD, .*RNAS_STORAGE".replace(
        "+", r"\+"
    )
    with pytest.raises(LedgerError, match=message):
        rnas.resume(run)
    with pytest.raises(InputError, match=message.replace("^", "^storage: ")):
        rnas.search({**TINY, "storage": public}, output=tmp_path / "other")
    assert not (tmp_path / "other").exists()
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert rnas.resume(run).records == made.records
    monkeypatch.setenv("PGPASSWORD", "another")
    monkeypatch.setenv("RNAS_STORAGE", url)
    assert rnas.resume(run).records == made.records
    monkeypatch.setenv("RNAS_STORAGE", server.url("postgres"))
    with pytest.raises(InputError, match=r"is not the database of the environment variable RNAS_STORAGE"):
        rnas.search({**TINY, "storage": url}, output=tmp_path / "other")
    monkeypatch.setenv("RNAS_STORAGE", "sqlite:///here.db")
    with pytest.raises(InputError, match=r"^RNAS_STORAGE: it is not the URL of a database in PostgreSQL"):
        rnas.resume(run)
