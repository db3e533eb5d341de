"""The largest batch that fits, counted, and in a process whose memory is limited."""

import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.experiments.training._memory import largest_batch

PROGRAM = """
import json, resource, sys
from pathlib import Path
from rnas.cli import main
from rnas.experiments.training import training
import rnas.cli.views.training, sklearn.datasets

size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = size + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.argv[1:] = sys.argv[2:]
main()
"""

# Eight channels at 128x128: little to compute, 512 KiB a map and image. In no other memory format, as torch's weight
# gradient of a 1x1 convolution at stride 2 writes out of bounds there.
NETWORK = '{"kind": "residual", "depths": [1, 1], "channels": [8, 8], "stem_width": 8, "upsample": 16}'
OPTIONS = (
    *("--recipe", "fgsm-rs", "--data", "digits", "--device", "cpu", "--epochs", "1", "--attacks", "fgsm"),
    *("--set", "recipe.numerics.channels_last=false", "--set", "recipe.overfitting_guard=null"),
    *("--set", "evaluation.steps=1", "--set", "images.val=16", "--set", "images.test=450"),
)


@given(size=st.integers(2, 5000), limit=st.integers(0, 5000))
def test_the_largest_batch_that_fits_is_found_in_few_tries(size: int, limit: int) -> None:
    limit = min(limit, size - 1)
    tries: list[int] = []

    def attempt(batch: int) -> None:
        tries.append(batch)
        if batch > limit:
            raise MemoryError

    with patch("rnas.experiments.training._memory.release"):
        found = largest_batch(size, attempt)
    assert found <= limit
    assert limit - found <= max(1, found // 8)
    assert len(tries) <= size.bit_length() + 5
    assert all(1 <= batch < size for batch in tries)


def test_other_faults_are_not_taken_for_it() -> None:
    def attempt(_batch: int) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        largest_batch(8, attempt)


def limited(mebibytes: int, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    (folder / "net.json").write_text(NETWORK)
    command = [sys.executable, "-c", PROGRAM, str(mebibytes), "train", "net.json", *OPTIONS, *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_told_with_one_that_does(tmp_path: Path) -> None:
    small = ("--set", "evaluation.batch_size=8")
    result = limited(600, tmp_path, "--batch-size", 1213, *small)
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("rnas: out of memory with training batches of 1213 images; ")
    fits = int(line.split("; ")[1].split()[0])
    assert line.endswith(f"{fits} fit here: set batch_size to {fits}")
    assert 8 <= fits < 600
    assert list((tmp_path / "runs").iterdir()) == []
    # Near the limit libraries may end the process, so that not the largest is tried.
    result = limited(600, tmp_path, "--batch-size", fits // 2, "--images", fits, *small)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_an_evaluation_that_does_not_fit_goes_on_with_smaller_batches(tmp_path: Path) -> None:
    result = limited(600, tmp_path, "--batch-size", 8, "--images", 16, "--set", "evaluation.batch_size=450")
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("rnas: out of memory with evaluation batches of 450 images; ")
    fits = int(line.split("; ")[1].split()[0])
    path = Path("runs/train-net-fgsm-rs-1")
    assert line.endswith(
        f": set evaluation.batch_size to {fits} in {path / 'config.yaml'}, and resume with: rnas resume {path}"
    )
    settings = tmp_path / path / "config.yaml"
    settings.write_text(settings.read_text().replace("batch_size: 450", f"batch_size: {fits // 2}"))
    command = [sys.executable, "-c", PROGRAM, "600", "resume", str(path)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
