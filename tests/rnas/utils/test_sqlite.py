import sqlite3
from contextlib import closing
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
