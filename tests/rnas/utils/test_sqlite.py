import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from rnas.errors import LedgerError
from rnas.utils import _sqlite as sqlite


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with sqlite.created(path) as storage:
        storage.create_new_study([StudyDirection.MINIMIZE], "study")
    return path


def test_it_is_in_write_ahead_mode_and_folded_into_one_file_at_the_end(database: Path) -> None:
    assert [path.name for path in database.parent.iterdir()] == ["ledger.db"]
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT study_name FROM studies").fetchall() == [("study",)]


@pytest.mark.parametrize("size", [0, 10, 100, 4096, 20_000])
def test_a_truncated_file_is_refused_and_left_as_it_is(database: Path, size: int) -> None:
    database.write_bytes(database.read_bytes()[:size])
    before = database.read_bytes()
    with pytest.raises(LedgerError, match=r"ledger\.db is damaged"), sqlite.opened(database):
        pass
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["ledger.db"]


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("not a database at all, and long enough to be read as one\n" * 100)
    with pytest.raises(LedgerError, match="damaged"), sqlite.opened(tmp_path / "ledger.db"):
        pass


def test_what_a_killed_writer_left_in_the_log_is_read(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("UPDATE studies SET study_name = 'renamed'")
        writer.commit()
        copy = database.parent / "copy.db"
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(database.with_name(database.name + suffix).read_bytes())
    with sqlite.opened(copy) as storage:
        assert [study.study_name for study in storage.get_all_studies()] == ["renamed"]


def test_a_damaged_file_with_a_log_beside_it_is_left_as_it_is(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("UPDATE studies SET study_name = 'renamed'")
        writer.commit()
        copy = database.parent / "copy.db"
        copy.write_bytes(database.read_bytes()[:5000])
        log = copy.with_name("copy.db-wal")
        log.write_bytes(database.with_name("ledger.db-wal").read_bytes())
    before = copy.read_bytes(), log.read_bytes()
    with pytest.raises(LedgerError, match="damaged"), sqlite.opened(copy):
        pass
    assert (copy.read_bytes(), log.read_bytes()) == before


@pytest.mark.parametrize("name", ["a%20b", "a?b", "a?timeout=1", "a#b", "a{x}b", ":memory:", "file:a?mode=ro"])
def test_a_path_is_never_read_as_a_url(tmp_path: Path, name: str) -> None:
    neighbour = tmp_path / "a b"
    for folder in (neighbour, tmp_path / name):
        folder.mkdir()
        with sqlite.created(folder / "ledger.db") as storage:
            storage.create_new_study([StudyDirection.MINIMIZE], folder.name)
    for folder in (neighbour, tmp_path / name):
        with sqlite.reading(folder / "ledger.db") as storage:
            assert [study.study_name for study in storage.get_all_studies()] == [folder.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a b", name])


def test_reading_writes_nothing(database: Path) -> None:
    def times() -> list[tuple[str, int]]:
        return [(path.name, path.stat().st_mtime_ns) for path in (database.parent, *database.parent.iterdir())]

    with closing(sqlite3.connect(database)) as writer:
        writer.execute("UPDATE studies SET study_name = 'renamed'")
        writer.commit()
        before = times()
        assert len(before) == 4
        with sqlite.reading(database) as storage:
            assert [study.study_name for study in storage.get_all_studies()] == ["renamed"]
            storage.create_new_study([StudyDirection.MINIMIZE], "only in the copy")
        assert [
            (path.name, path.stat().st_mtime_ns) for path in (database.parent, *database.parent.iterdir())
        ] == before
    with sqlite.reading(database) as storage:
        assert [study.study_name for study in storage.get_all_studies()] == ["renamed"]


def test_it_is_not_made_by_reading_or_opening(tmp_path: Path) -> None:
    for way in (sqlite.reading, sqlite.opened):
        with pytest.raises(LedgerError, match=r"ledger\.db is gone"), way(tmp_path / "ledger.db"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_itself_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.symlink_to(path)
    for way in (sqlite.reading, sqlite.opened):
        with pytest.raises(LedgerError, match=r"ledger\.db is gone"), way(path):
            pass


_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode=NORMAL")
connection.execute(f"BEGIN {sys.argv[2]}")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(database: Path, kind: str) -> Iterator[int]:
    """Another program has a lock during the block."""
    words = [sys.executable, "-c", _LOCK, database, kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == "locked\n"
        yield program.pid
        program.stdin.close()


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_lock_of_another_program_is_said_and_waited_for_until_an_end(
    database: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    monkeypatch.setattr(sqlite, "_NOTICE_SECONDS", 0.05)
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0.3)
    with locked(database, kind) as pid:
        with sqlite.reading(database) as storage:
            assert len(storage.get_all_studies()) == 1
        assert not caplog.messages
        with (
            pytest.raises(LedgerError, match=rf"it is locked, and process {pid} has kept it for 0.3 seconds"),
            sqlite.opened(database) as storage,
        ):
            storage.create_new_study([StudyDirection.MINIMIZE], "another")
        assert caplog.messages == [f"{database} is locked by process {pid}: waiting up to 0.3 seconds"]
    with sqlite.opened(database) as storage:
        storage.create_new_study([StudyDirection.MINIMIZE], "another")
