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
        with databases.opened(url) as storage:
            storage.create_new_study([StudyDirection.MINIMIZE], name)

    names = [f"study {number}" for number in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(make, names))
    with databases.reading(url) as storage:
        assert sorted(study.study_name for study in storage.get_all_studies()) == names
    assert [path.name for path in tmp_path.iterdir()] == ["shared.db"]


def test_reading_and_opening_make_nothing(tmp_path: Path) -> None:
    for form in ("sqlite:///{}/new.db", "sqlite:////{}/new.db?timeout=3"):
        for way in (databases.reading, databases.opened):
            with pytest.raises(LedgerError), way(form.format(tmp_path)):
                pass
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    for url in ("nonsense", "://"):
        with pytest.raises(InputError, match="not the URL of a database"):
            databases.require_url(url)
    with pytest.raises(InputError, match="cannot be created"):
        databases.create(f"sqlite:///{tmp_path}/no/folder/x.db")
    with pytest.raises(InputError, match="the database cannot be opened"):
        databases.create("nosuchdatabase://host/name")
