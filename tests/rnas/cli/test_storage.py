"""Storage that is full, or that is only to be read."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from rnas.nas.config import SearchConfig
from rnas.nas.search import Search
from rnas.utils.files import write_tensors
from tests.rnas.cli.conftest import Result

QUICK: dict[str, Any] = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3], "depth2": [2, 3]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [{"metric": "score", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}],
    "strategy": "random",
    "budget": 4,
    "workers": 0,
}

Command = Callable[..., Result]
Disk = Callable[[str], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mounts a file system with options, and again with others."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        again = "remount," if place.is_mount() else ""
        words = ["mount", "-t", "tmpfs", "-o", f"{again}{options}", "tmpfs", place]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        return place

    if shutil.which("mount") is None:
        pytest.skip("nothing can be mounted here")
    yield mount
    if place.is_mount():
        subprocess.run(["umount", "--lazy", place], check=True)


def search(output: Path) -> Search:
    return Search.create(SearchConfig.parse(QUICK, "test"), output)


@pytest.mark.parametrize("size", [200, 400, 700])
def test_a_full_disk_is_one_line_and_all_goes_on_with_room(command: Command, disk: Disk, size: int) -> None:
    place = disk("size=20m")
    path = search(place / "run").path
    used = sum(file.stat().st_blocks for file in path.rglob("*")) // 2
    disk(f"size={used + size - 180}k")
    result = command("resume", path, "--budget", 4)
    if result.code:
        assert result.code == 1, result.err
        assert "No space left on device" in result.err or "is full: make room, and resume" in result.err, result.err
        assert result.err.splitlines()[-1].startswith("rnas: ")
        assert "Traceback" not in result.err
    disk("size=20m")
    assert command("resume", path).code == 0
    assert len(Search.open(path).result().complete) == 4


def test_a_search_is_not_begun_on_a_full_disk(command: Command, disk: Disk) -> None:
    place = disk("size=100k")
    result = command("search", "--space", "digits-bench", "--output", place / "run")
    assert result.code == 1, result.err
    assert len(result.err.splitlines()) == 1, result.err
    assert list(place.iterdir()) == []


def test_weights_that_find_no_room_say_so(disk: Disk) -> None:
    place = disk("size=100k")
    with pytest.raises(OSError, match="No space left on device"):
        write_tensors(place / "x.safetensors", {"weight": torch.zeros(100_000)})
    assert list(place.iterdir()) == []


def test_what_may_only_be_read_is_read(command: Command, disk: Disk, tmp_path: Path) -> None:
    path = disk("size=20m") / "run"
    search(path).run()
    disk("ro")
    assert '"hypervolume"' in command("report", path, "--json").out
    result = command("report", path)
    assert result.code == 1
    assert "Report: " in result.out
    assert result.err.splitlines()[-1] == f"rnas: {path}/report.html.partial: Read-only file system"
    exported = command("export", f"{path}:knee", "--format", "safetensors", "-o", tmp_path / "x.safetensors")
    assert exported.code == 0, exported.err
    assert command("reproduce", f"{path}:knee", "--json").code == 0
    assert "20" in command("rules", path).err.splitlines()[-1]
    assert "Read-only file system" in command("resume", path, "--budget", 5).err
