from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from rnas.errors import InputError, LedgerError
from rnas.experiments.directory import ExperimentDirectory
from rnas.experiments.settings import ExperimentSettings


class Settings(ExperimentSettings):
    seeds: int
    note: str | None = None


@dataclass(frozen=True)
class Directory(ExperimentDirectory[Settings]):
    noun: ClassVar[str] = "trial run"
    Settings: ClassVar[type[Settings]] = Settings
    resumed_by: ClassVar[str] = "go --output"


def test_settings_are_kept_and_may_grow(tmp_path: Path) -> None:
    directory = Directory.create(tmp_path / "run", Settings(seeds=3, note="first"))
    assert Directory.is_at(directory.path)
    assert not Directory.is_at(tmp_path)
    assert directory.extended(None) == directory.read_settings() == Settings(seeds=3, note="first")
    assert directory.extended(5) == directory.read_settings() == Settings(seeds=5, note="first")
    with pytest.raises(InputError, match="is a trial run of 5 seeds; it cannot have 4"):
        directory.extended(4)


def test_what_is_no_such_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a trial run: it has no trial run\.yaml"):
        Directory(tmp_path).read_settings()
    (tmp_path / "trial run.yaml").write_text("seeds: many")
    with pytest.raises(InputError, match=r"trial run\.yaml: seeds: input should be a valid integer"):
        Directory(tmp_path).read_settings()


def test_a_new_one_needs_a_free_place(tmp_path: Path) -> None:
    Directory.require_new(tmp_path / "run")
    with pytest.raises(InputError, match="exists already: choose another --output"):
        Directory.require_new(tmp_path)


def test_one_writes_at_a_time_and_a_lost_ledger_is_noticed(tmp_path: Path) -> None:
    directory = Directory.create(tmp_path / "run", Settings(seeds=3))
    with directory.writing(), pytest.raises(InputError, match="another process is running the trial run there"):  # noqa: SIM117
        with directory.writing():
            pass
    directory.result.write_text("{}")
    with directory.writing():
        pass
    directory.database.unlink()
    with pytest.raises(LedgerError, match="is gone, though the trial run has results"), directory.writing():
        pass
