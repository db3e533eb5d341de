"""Kinds of directories, and the message for one of another kind than was asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.experiments.comparison.directory import ComparisonDirectory
from rnas.experiments.replications.directory import ReplicationDirectory
from rnas.experiments.training.directory import TrainingDirectory
from rnas.experiments.tuning.directory import TuningDirectory
from rnas.nas.directory import RunDirectory
from rnas.nas.run import Run
from rnas.utils.directories import require_free
from rnas.utils.directory_kind import KINDS, Kind, kind_of

EXPERIMENTS = (ComparisonDirectory, ReplicationDirectory, TuningDirectory)


def made(path: Path, noun: str) -> Path:
    """A directory of a kind, with no more than what tells it from others."""
    path.mkdir(parents=True)
    (path / next(kind.settings for kind in KINDS if kind.noun == noun)).touch()
    return path


def readers(path: Path) -> dict[str, Callable[[], object]]:
    """What reads a directory as one of each kind."""
    return {
        "search": lambda: Run.load(path),
        "training": TrainingDirectory(path).read_settings,
        **{one.noun: one(path).read_settings for one in EXPERIMENTS},
    }


def test_the_kinds_are_those_of_the_directories() -> None:
    listed = {Kind(one.noun, one(Path()).settings.name, one.resumed_by) for one in EXPERIMENTS}
    listed.add(Kind("training", TrainingDirectory(Path()).settings.name, "resume"))
    listed.add(Kind("search", RunDirectory(Path()).config.name, "resume"))
    assert set(KINDS) == listed


def test_a_path_of_no_kind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [kind_of(path) for path in (tmp_path, tmp_path / "file", tmp_path / "missing")] == [None] * 3


@pytest.mark.parametrize(
    ("noun", "command"),
    [
        ("comparison", "rnas compare --output"),
        ("replication", "rnas replicate --output"),
        ("tuning", "rnas resume"),
        ("training", "rnas resume"),
        ("search", "rnas resume"),
    ],
)
def test_what_is_there_is_gone_on_with_by_its_own_command(tmp_path: Path, noun: str, command: str) -> None:
    path = made(tmp_path / "my run", noun)
    with pytest.raises(InputError) as found:
        require_free(path)
    fix = f"choose another --output, or resume with: {command} '{path}'"
    assert str(found.value) == f"{path} is a {noun} already: {fix}"


@pytest.mark.parametrize("noun", [kind.noun for kind in KINDS])
def test_a_directory_of_another_kind_is_told(tmp_path: Path, noun: str) -> None:
    path = made(tmp_path / "one", noun)
    for wanted, read in readers(path).items():
        if wanted != noun:
            with pytest.raises(InputError, match=rf"one is a {noun}, not a {wanted}; resume with: rnas "):
                read()


def test_a_folder_of_runs_is_told_with_what_it_holds(tmp_path: Path) -> None:
    made(tmp_path / "tiny", "search")
    made(tmp_path / "mine", "comparison")
    (tmp_path / "other").mkdir()
    for read in (Run.load, lambda path: ComparisonDirectory(path).read_settings()):
        with pytest.raises(InputError) as found:
            read(tmp_path)
        assert str(found.value) == f"{tmp_path} is not an experiment; it contains mine, tiny"
    for number in range(8):
        made(tmp_path / f"more-{number}", "training")
    with pytest.raises(InputError, match=r"it contains mine, more-0, .*, more-6 and 2 more$"):
        Run.load(tmp_path)


def test_of_an_empty_folder_it_is_told_what_it_lacks(tmp_path: Path) -> None:
    settings = {kind.noun: kind.settings for kind in KINDS}
    for noun, read in readers(tmp_path).items():
        with pytest.raises(InputError, match=rf"is not a \w+: it has no {settings[noun]}$"):
            read()
