"""Run a training in its own process, a few steps at a time on request.

Compared trainings take turns, so that other load on the machine affects all of them equally. Each has its own process,
with its own memory, allocator and torch settings.
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
from rnas.training.trainer import Check, Trainer

IMAGES = 10_000
"""Number of random images in an epoch."""


@dataclass(frozen=True)
class Variant:
    """A variant of how to run a training.

    Attributes:
        name: name for people.
        loop: ``rnas``; ``plain`` or ``recomputing``, see :mod:`plain_loop`.
        numerics: settings of the arithmetic; the plain loops only use ``tf32``, and only in convolutions, as is the
            default of torch.
        fused: whether the optimiser of the plain loops is one kernel; that of rnas always is.
        cudnn_benchmark: whether cuDNN chooses its algorithms by timing them, as in the papers' code; rnas does not do
            this, since another choice gives other results.
    """

    name: str
    loop: Literal["rnas", "plain", "recomputing"] = "rnas"
    numerics: Numerics = field(default_factory=Numerics)
    fused: bool = False
    cudnn_benchmark: bool = False


@dataclass(frozen=True)
class Subject:
    """The training of a process.

    Attributes:
        network: network for images of ``shape`` and ten classes.
        variant: variant of the training.
        batch: number of images in a step.
        device: torch name of the device.
        threads: number of torch threads on a CPU.
        attack_steps: number of attack steps; None takes the recipe's.
        shape: (C, H, W) shape of an image.
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
    """The result of a few steps.

    Attributes:
        seconds: wall time, in seconds.
        processor_seconds: processor time of the process, in seconds.
        peak_bytes: peak memory of the process so far, minus that before the first training, in bytes.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int


class FailedError(Exception):
    """Error of a training that cannot be timed, with the reason."""


class TimedProcess:
    """The process of a subject; with :meth:`start` and :meth:`result` several can run at once."""

    def __init__(self, subject: Subject) -> None:
        context = multiprocessing.get_context("forkserver")
        # All processes start from the same state, without torch imported.
        context.set_forkserver_preload(["torch.utils.data", "rnas.training.trainer", "rnas.networks.residual"])
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(subject, theirs))
        self._process.start()
        theirs.close()

    def prepare(self, recipe: str, steps: int) -> Run:
        """Create the training of a recipe, given the steps of its runs, and warm it up."""
        self.ask(recipe, steps)
        return self.result()

    def ask(self, recipe: str, steps: int) -> None:
        """Ask for the same without waiting for it."""
        self._ask((recipe, steps))

    def start(self) -> None:
        """Start its steps."""
        self._ask(None)

    def result(self) -> Run:
        """Wait for the end of the steps; raise FailedError if they failed."""
        try:
            result = self._pipe.recv()
        except EOFError:
            result = "its process was killed"
        if not isinstance(result, Run):
            raise FailedError(result)
        return result

    def run(self) -> Run:
        """Run the steps, and return their result."""
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
    """Callback before every step of a training, which ends a turn and waits for the next request."""

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
    """Signal that leaves a training for that of another recipe."""


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
        training = Trainer(model, split, Plan(recipe, fidelity, EPSILON, CLASSES, ("crop", "flip")), 0)
        for _ in training.epochs(check):
            pass
        return
    torch.backends.cudnn.allow_tf32 = variant.numerics.tf32
    recipe = recipe.model_copy(update={"inner_attack": recipe.inner_attack_at(fidelity)})
    plain = PlainTraining(model, recipe, float(EPSILON), variant.loop == "recomputing", variant.fused)
    for images, classes in endless_batches(pixels, labels, subject.batch, device):
        check(0.0)
        # The papers' code does this for its progress line.
        plain.step(images, classes).item()


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
