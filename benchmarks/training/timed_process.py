"""A training in a process of its own, which runs a few steps when it is told to.

Trainings that are compared take turns, so that what else the machine does meets all of them alike. Each has its own
process for its own memory, allocator and switches of torch.
"""

import multiprocessing
import resource
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Literal

import torch
from networks import CLASSES
from peak import synchronize
from plain_loop import PlainTraining, endless_batches
from recipes import EPSILON, RECIPES

from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.networks.residual import ResidualNetwork
from rnas.training.numerics import Numerics
from rnas.training.plan import Plan
from rnas.training.training import Check, Training

IMAGES = 10_000
"""How many random images an epoch has."""


@dataclass(frozen=True)
class Variant:
    """One way to run a training.

    Attributes:
        name: for people.
        loop: ``rnas``; ``plain`` or ``recomputing``, see :mod:`plain_loop`.
        numerics: how the arithmetic is done; the plain loops heed ``tf32`` alone, and only in convolutions, as torch
            has it where nobody says otherwise.
        fused: whether the optimiser of the plain loops is one kernel; that of rnas always is.
        cudnn_benchmark: whether cuDNN chooses its algorithms by timing them, as the papers' code lets it; rnas does
            not, since another choice gives other results.
    """

    name: str
    loop: Literal["rnas", "plain", "recomputing"] = "rnas"
    numerics: Numerics = field(default_factory=Numerics)
    fused: bool = False
    cudnn_benchmark: bool = False


@dataclass(frozen=True)
class Subject:
    """What a process trains.

    Attributes:
        network: for images of ``shape`` and ten classes.
        variant: how.
        batch: images of a step.
        device: a name of torch.
        threads: of torch, on a CPU.
        attack_steps: in place of the recipe's; None keeps them.
        shape: (C, H, W).
    """

    network: ResidualNetwork
    variant: Variant
    batch: int
    device: str
    threads: int = 1
    attack_steps: int | None = None
    shape: tuple[int, int, int] = (3, 32, 32)


@dataclass(frozen=True)
class Run:
    """One run of a few steps.

    Attributes:
        seconds: of wall time.
        processor_seconds: that the process spent on a CPU.
        peak_bytes: of memory in all that the process did so far, beyond what was there before the first training.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int


class FailedError(Exception):
    """A training that cannot be timed; says why."""


class TimedProcess:
    """A subject's process. With :meth:`start` and :meth:`result` several run at once."""

    def __init__(self, subject: Subject) -> None:
        context = multiprocessing.get_context("forkserver")
        # All processes start without torch's import, and from the same state.
        context.set_forkserver_preload(["torch.utils.data", "rnas.training.training", "rnas.networks.residual"])
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(subject, theirs))
        self._process.start()
        theirs.close()

    def prepare(self, recipe: str, steps: int) -> Run:
        """Make the training of a recipe, whose runs have so many steps, and warm it up."""
        self._ask((recipe, steps))
        return self.result()

    def start(self) -> None:
        """Have it run its steps."""
        self._ask(None)

    def result(self) -> Run:
        """Wait for the end of them; FailedError where there is none."""
        try:
            result = self._pipe.recv()
        except EOFError:
            result = "its process was killed"
        if not isinstance(result, Run):
            raise FailedError(result)
        return result

    def run(self) -> Run:
        """Run the steps."""
        self.start()
        return self.result()

    def _ask(self, asked: tuple[str, int] | None) -> None:
        try:
            self._pipe.send(asked)
        except BrokenPipeError:
            raise FailedError("its process has ended") from None

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


class _Turns:
    """Called before every step of a training: ends a turn, and waits until the next one is asked for."""

    def __init__(self, pipe: Connection, device: torch.device, steps: int, bytes_before: int) -> None:
        self._pipe = pipe
        self._device = device
        self._steps = steps
        self._bytes_before = bytes_before
        self._left = steps
        self._start()

    def __call__(self, _share: float) -> None:
        if self._left == 0:
            synchronize(self._device)
            seconds, processor_seconds = time.perf_counter() - self._wall, time.process_time() - self._processor
            self._pipe.send(Run(seconds, processor_seconds, _peak_bytes(self._device) - self._bytes_before))
            asked = self._pipe.recv()
            if asked is not None:
                raise _AskedError(*asked)
            self._left = self._steps
            self._start()
        self._left -= 1

    def _start(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()


class _AskedError(Exception):
    """Leaves a training for that of another recipe."""


def _serve(subject: Subject, pipe: Connection) -> None:
    try:
        device = torch.device(subject.device)
        if device.type == "cpu":
            torch.set_num_threads(subject.threads)
        torch.backends.cudnn.benchmark = subject.variant.cudnn_benchmark
        before = _peak_bytes(device)
        asked: tuple[str, int] = pipe.recv()
        while True:
            try:
                train(subject, asked[0], _Turns(pipe, device, asked[1], before))
            except _AskedError as other:
                asked = other.args[0], other.args[1]
    except (EOFError, BrokenPipeError):
        pass
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}")


def train(subject: Subject, name: str, check: Check) -> None:
    """Train by a recipe until the check, which is called before every step, raises."""
    device = torch.device(subject.device)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (IMAGES, *subject.shape), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (IMAGES,), generator=generator)
    torch.manual_seed(0)
    model = subject.network.build(CLASSES, subject.shape).to(device)
    fidelity = Fidelity(epochs=10**6, batch_size=subject.batch, attack_steps=subject.attack_steps)
    variant, recipe = subject.variant, RECIPES[name]
    if variant.loop == "rnas":
        split = Split(pixels.to(device), labels.to(device), torch.arange(IMAGES, device=device), 255)
        recipe = recipe.model_copy(update={"numerics": variant.numerics})
        training = Training(model, split, Plan(recipe, fidelity, EPSILON, CLASSES, ("crop", "flip")), 0)
        for _ in training.epochs(check):
            pass
        return
    torch.backends.cudnn.allow_tf32 = variant.numerics.tf32
    recipe = recipe.model_copy(update={"inner_attack": recipe.inner_attack_at(fidelity)})
    plain = PlainTraining(model, recipe, float(EPSILON), variant.loop == "recomputing", variant.fused)
    for images, classes in endless_batches(pixels, labels, subject.batch, device):
        check(0.0)
        # As the papers' code does for its progress line.
        plain.step(images, classes).item()


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
