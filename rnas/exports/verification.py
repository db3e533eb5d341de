"""Compare exports with their networks, in a new process that only has the files."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from rnas.errors import ExportError
from rnas.exports.format import Format

TOLERANCE = 1e-4
"""Largest allowed difference of a logit, divided by the largest logit."""

BLOCKED = ("rnas", "search_spaces", "baselines")
"""Packages that cannot be imported while an export that does not need rnas is read."""

_RUN = Path(__file__).with_name("readers") / "run.py"


@dataclass(frozen=True)
class Written:
    """A written export, and the logits that it should compute.

    Attributes:
        format: format of the export.
        path: path of its file or folder.
        images: (N, C, H, W) images in [0, 1].
        logits: (N, num_classes) logits of the network.
    """

    format: Format
    path: Path
    images: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Agreement:
    """The comparison of an export with its network.

    Attributes:
        difference: largest absolute difference of a logit.
        largest: the largest logit in absolute value.
    """

    difference: float
    largest: float

    @property
    def relative(self) -> float:
        """Return the difference divided by the largest logit."""
        return self.difference / self.largest if self.largest else self.difference


def verify(exports: Sequence[Written]) -> list[Agreement]:
    """Read exports in one new process and compare their logits.

    If a format does not need rnas, rnas cannot be imported there.

    Raises:
        ExportError: one cannot be read, or differs by more than :data:`TOLERANCE`.
    """
    with tempfile.TemporaryDirectory() as folder:
        jobs = [_job(export, Path(folder) / f"{number}.npz") for number, export in enumerate(exports)]
        jobs_file = Path(folder) / "jobs.json"
        jobs_file.write_text(json.dumps(jobs), encoding="utf-8")
        command = [sys.executable, "-B", "-P", str(_RUN), str(jobs_file)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ExportError(f"{exports[0].path}: the process that reads it back failed: {reason}")
    found = {outcome["path"]: outcome for outcome in json.loads(lines[-1])}
    return [_agreement(export, found[str(export.path)]) for export in exports]


def _job(export: Written, example: Path) -> dict[str, object]:
    np.savez(example, images=export.images.numpy(), logits=export.logits.numpy())
    return {
        "reader": str(export.format.reader),
        "path": str(export.path),
        "example": str(example),
        "without": [] if export.format.needs_rnas else list(BLOCKED),
    }


def _agreement(export: Written, outcome: dict[str, object]) -> Agreement:
    what = f"{export.path.name} in format {export.format.name}"
    if "error" in outcome:
        raise ExportError(f"{what} cannot be read back: {outcome['error']}")
    agreement = Agreement(float(str(outcome["difference"])), float(str(outcome["largest"])))
    if not agreement.relative <= TOLERANCE:
        raise ExportError(f"{what}: logits differ by {agreement.relative:.1e} of the largest, more than {TOLERANCE:g}")
    return agreement
