"""Find batches that fit into memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rnas.evaluation.robustness import evaluate_robustness
from rnas.experiments.training._evaluation import val_attacks
from rnas.experiments.training.setup import Setup
from rnas.training.numerics import Numerics
from rnas.utils._devices import out_of_memory, release

_STEPS = 8
"""A batch is near enough to the largest that fits when one larger by such a share of it does not fit."""

Kind = Literal["training", "evaluation"]
"""Kind of work that runs out of memory."""


def largest_batch(size: int, attempt: Callable[[int], None]) -> int:
    """Find the largest batch that fits, below one that does not, to within an eighth; return 0 if none fits.

    Args:
        size: a batch that does not fit.
        attempt: works on a number of images, and raises where memory runs out. It is called at most about log2(size) +
            4 times, with halves of the size until one fits, then between that and the last that did not.
    """
    fits, fails = 0, size
    while fails > 1 and not fits:
        trial = fails // 2
        if _survives(attempt, trial):
            fits = trial
        else:
            fails = trial
    while fits and fails - fits > max(1, fits // _STEPS):
        trial = (fits + fails) // 2
        if _survives(attempt, trial):
            fits = trial
        else:
            fails = trial
    return fits


@dataclass(frozen=True)
class Advice:
    """Hold which batch would fit, for a training that ran out of memory.

    Attributes:
        batch: images at a time that fit; 0 where not even one does.
        fault: the same in words, and what did not fit.
        remedy: what to do in a new training, in words.
    """

    batch: int
    fault: str
    remedy: str


def advise(setup: Setup, in_training: bool) -> Advice:
    """Find the largest batch that fits, by trying some, each in a process of its own.

    Args:
        setup: the training, whose network and optimiser are no longer in memory.
        in_training: whether memory ran out in a training step, and not in an evaluation.
    """
    kind: Kind = "training" if in_training else "evaluation"
    settings = setup.settings
    size = min(settings.fidelity.batch_size, setup.images) if in_training else settings.evaluation.batch_size
    fits = largest_batch(size, lambda batch: _attempt(setup, kind, batch))
    fault = f"out of memory with {kind} batches of {size} images"
    if not fits:
        return Advice(0, f"{fault}, and even with one of 1 image", "take a smaller network")
    field = "batch_size" if in_training else "evaluation.batch_size"
    return Advice(fits, f"{fault}; {fits} fit here", f"set {field} to {fits}")


def _survives(attempt: Callable[[int], None], batch: int) -> bool:
    try:
        attempt(batch)
    except Exception as error:
        if not out_of_memory(error):
            raise
        survived = False
    else:
        survived = True
    # Only here has the traceback released what was allocated.
    release()
    return survived


def _attempt(setup: Setup, kind: Kind, batch: int) -> None:
    """Work on a number of images in a process of its own.

    A library that gets no memory on a CPU may end the process, and the system may as well. On a GPU it may leave torch
    in disorder.
    """
    request = json.dumps({"settings": setup.settings.model_dump(mode="json"), "kind": kind, "batch": batch})
    command = [sys.executable, "-m", "rnas.experiments.training._probe"]
    if subprocess.run(command, input=request, text=True, encoding="utf-8", capture_output=True).returncode:
        raise MemoryError


def _step(setup: Setup, batch: int) -> None:
    """Do one training step with everything that the recipe uses in its last epoch."""
    setup.trainer(batch).step_seconds(1)


def _evaluation(setup: Setup, batch: int) -> None:
    """Evaluate one batch as on the val split, with images of the test split."""
    split = setup.splits["test"].first(batch)
    model = setup.trainer().model
    with Numerics().active(split.pixels.device):
        evaluate_robustness(model, split, val_attacks(setup.settings), 0, batch)


ATTEMPTS: dict[Kind, Callable[[Setup, int], None]] = {"training": _step, "evaluation": _evaluation}
"""The call that is tried with a number of images at a time."""
