from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from rnas.errors import InputError, LedgerError
from rnas.utils import _databases as databases


def test_several_make_one_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"

    def make(name: str) -> None:
        databases.create(url)
        with databases.opened(url, name) as storage:
            storage.create_new_study([StudyDirection.MINIMIZE], name)

    names = [f"study {number}" for number in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(make, names))
    with databases.reading(url) as storage:
        assert sorted(study.study_name for study in storage.get_all_studies()) == names
    assert [path.name for path in tmp_path.iterdir()] == ["shared.db"]


def test_reading_and_opening_make_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    with pytest.raises(LedgerError), databases.reading(url):
        pass
    with pytest.raises(LedgerError), databases.opened(url, "one"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "'nonsense' is not the URL of a database, such as postgresql"),
        ("postgresql://me:secret@host:port/x", "^this is not the URL of a database"),
        ("postgres:me:s3cret", "^this is not the URL of a database"),
        ("postgresql://me:s3cret/x", "^this is not the URL of a database"),
        ("postgresql://me:sec@ret@host/x", "^a URL has one @, before the host; write another one, .* as %40"),
        ("mysql://me:secret@host/x", "^mysql is no database that holds ledgers; give PostgreSQL"),
        ("sqlite:///a\0b", "a URL has no characters that cannot be printed"),
        ("postgresql://me:secret@\udcff/x", "a URL has no characters that cannot be printed"),
        ("sqlite://", "the URL of a SQLite file is sqlite:///PATH"),
        ("sqlite:////here.db?timeout=3", "the URL of a SQLite file is sqlite:///PATH"),
    ],
)
def test_what_is_no_database_is_one_line_without_a_password(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        databases.recorded(url)
    assert "ret" not in str(error.value)


def test_a_url_is_recorded_without_its_passwords() -> None:
    url = "postgres://me:a%40secret@host:5433/x?sslpassword=7&sslmode=require&password=8&oauth_client_secret=9"
    assert databases.recorded(url) == "postgresql+psycopg://me@host:5433/x?sslmode=require"


def test_a_host_that_no_name_can_be_is_one_line() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(InputError, match=r"storage: postgresql.*@a\.\.b/x cannot be opened: "):
        databases.create("postgresql://me@a..b/x")


def test_a_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be created"):
        databases.create(f"sqlite:///{tmp_path}/no/folder/x.db")
