"""The largest batch that fits, counted, and in a process whose memory is limited."""

import resource
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.cli import main
from rnas.experiments.training._memory import largest_batch
from tests.launcher import run

# Eight channels at 512x512: little to compute, 8 MiB a map and image. In no other memory format, as torch's weight
# gradient of a 1x1 convolution at stride 2 writes out of bounds there.
NETWORK = '{"kind": "residual", "depths": [1, 1], "channels": [8, 8], "stem_width": 8, "upsample": 64}'
MEBIBYTES = 600
OPTIONS = (
    *("--recipe", "fgsm-rs", "--data", "digits", "--device", "cpu", "--epochs", "1", "--attacks", "fgsm"),
    *("--set", "recipe.numerics.channels_last=false", "--set", "recipe.overfitting_guard=null"),
    *("--set", "evaluation.steps=1", "--set", "images.val=2", "--set", "images.test=16"),
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


def limited(*words: str) -> None:
    """Run a command in a process that gets little more memory than it has."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEBIBYTES * 2**20,) * 2)
    sys.argv = ["rnas", *words]
    main()


def trained(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    (folder / "net.json").write_text(NETWORK)
    return run(f"{__name__}:limited", "train", "net.json", *OPTIONS, *words, cwd=folder, check=False)


@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_told_with_one_that_does(tmp_path: Path) -> None:
    small = ("--set", "evaluation.batch_size=1")
    result = trained(tmp_path, "--images", 16, "--batch-size", 16, *small)
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("rnas: out of memory with training batches of 16 images; ")
    fits = int(line.split("; ")[1].split()[0])
    assert line.endswith(f"{fits} fit here: set batch_size to {fits}")
    assert 2 <= fits < 16
    assert list((tmp_path / "runs").iterdir()) == []
    # Near the limit libraries may end the process, so that not the largest is tried.
    result = trained(tmp_path, "--batch-size", fits // 2, "--images", fits, *small)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_an_evaluation_that_does_not_fit_goes_on_with_smaller_batches(tmp_path: Path) -> None:
    # The batch of the val split fits, that of the test split does not.
    result = trained(tmp_path, "--batch-size", 1, "--images", 2, "--set", "evaluation.batch_size=16")
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("rnas: out of memory with evaluation batches of 16 images; ")
    fits = int(line.split("; ")[1].split()[0])
    path = Path("runs/train-net-fgsm-rs-1")
    assert line.endswith(
        f": set evaluation.batch_size to {fits} in {path / 'config.yaml'}, and resume with: rnas resume {path}"
    )
    settings = tmp_path / path / "config.yaml"
    settings.write_text(settings.read_text().replace("batch_size: 16", f"batch_size: {max(1, fits // 2)}"))
    result = run(f"{__name__}:limited", "resume", path, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
