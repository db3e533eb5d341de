from pathlib import Path

import pytest
from filelock import FileLock

from rnas.errors import InputError
from rnas.utils._directories import creating, locked, next_free, require_no_links


def test_a_directory_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "one"
    with creating(path) as partial:
        (partial / "file").write_text("content")
        assert not path.exists()
    assert (path / "file").read_text() == "content"
    assert list(path.parent.iterdir()) == [path]


def fail(path: Path, fault: BaseException) -> None:
    with creating(path) as partial:
        (partial / "file").touch()
        raise fault


def test_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "one"
    with pytest.raises(KeyboardInterrupt):
        fail(path, KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError) as found:
        fail(path, OSError(13, "Permission denied"))
    assert str(found.value) == f"{path}: cannot be created (Permission denied)"
    with pytest.raises(OSError, match="No space left on device"):
        fail(path, OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_what_no_file_can_be_called_is_refused() -> None:
    with pytest.raises(InputError, match=r"'a\\x00b': no path \(it has a null character\)"):
        creating(Path("a\0b")).__enter__()


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError) as found:
        creating(tmp_path).__enter__()
    assert (
        str(found.value)
        == f"{tmp_path} exists already: choose another output, or resume it with rnas resume {tmp_path}"
    )


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(InputError, match="in use: another process is tuning there"):
        locked(tmp_path, "tuning").__enter__()
    for _ in range(2):
        with locked(tmp_path, "tuning"), pytest.raises(InputError):
            locked(tmp_path, "tuning").__enter__()


def test_the_least_free_number_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2, 4):
        (tmp_path / "runs" / f"digits-{number}").mkdir(parents=True)
    assert next_free("digits") == Path("runs/digits-3")


def test_a_link_that_is_written_through_is_refused_and_others_are_not(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (tmp_path / "to own").symlink_to(own)
    (own / "mine").symlink_to(other)
    require_no_links(tmp_path / "to own", ("lock",))
    (own / "lock").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"own/lock is a link, and nothing is written through one"):
        require_no_links(own, ("lock",))
