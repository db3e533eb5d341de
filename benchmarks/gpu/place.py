"""Where probes run, how large they are, and what they train and attack."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import torch
from counts import candidate, of_flops
from torch import nn

from rnas.data.dataset import Split, divide
from rnas.data.fidelity import Fidelity
from rnas.data.loading import load_dataset
from rnas.data.splits import SplitSizes
from rnas.errors import error_text
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.trainer import Trainer
from rnas.utils._devices import now

EPSILON = Fraction(8, 255)
SHAPE, CLASSES = (3, 32, 32), 10
RECIPE = "short-sat"

PROBES: dict[str, "Probe"] = {}


@dataclass(frozen=True)
class Probe:
    """Hold a probe.

    Attributes:
        function: answers a question at a place, as JSON.
        seconds: after which it is stopped.
        on_cpu: whether it means something without a GPU.
        timed: whether it measures times, and must run alone.
        question: what a run of it on a CPU does not answer; empty if it answers all.
    """

    function: Callable[["Place"], Mapping[str, Any]]
    seconds: int
    on_cpu: bool
    timed: bool
    question: str


def probe(seconds: int, question: str = "", *, on_cpu: bool = True, timed: bool = False) -> Callable[[Any], Any]:
    """Register a function under its name."""

    def register(function: Any) -> Any:
        PROBES[function.__name__] = Probe(function, seconds, on_cpu, timed, question)
        return function

    return register


@dataclass(frozen=True)
class Place:
    """Hold where probes run.

    Attributes:
        device: ``cpu`` or ``cuda``.
        data: folder of CIFAR-10, or None for random images.
        tiny: whether every probe is as small as it can be, to test the check itself.
    """

    device: str
    data: Path | None
    tiny: bool

    def size(self, full: Any, tiny: Any) -> Any:
        """Return the size of something at this place."""
        return tiny if self.tiny else full

    def keep(self, found: Mapping[str, Any]) -> None:
        """Tell what was found so far, which is kept if the probe is stopped."""
        print(f"\nfound: {json.dumps(found, default=str)}", flush=True)

    def images(self, count: int) -> Split:
        """Return training images on the device."""
        if self.data is not None:
            dataset = load_dataset("cifar10", self.data)
            return divide(dataset, SplitSizes(train=count, search_val=100, test=100), 0, self.device)["train"]
        generator = torch.Generator().manual_seed(0)
        pixels = torch.randint(0, 256, (count, *SHAPE), generator=generator, dtype=torch.uint8)
        return Split(pixels, torch.arange(count) % CLASSES, torch.arange(count), 255).to(self.device)

    def build(self, architecture: Architecture) -> nn.Module:
        """Return a network with the weights of seed 0."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return architecture.build(CLASSES, SHAPE).to(self.device)

    def trainer(
        self,
        architecture: Architecture,
        images: Split,
        numerics: Mapping[str, Any],
        *,
        epochs: int = 1,
        batch: int = 128,
        attack_steps: int | None = 7,
        recipe: Mapping[str, Any] | str = RECIPE,
        seed: int = 0,
    ) -> Trainer:
        """Return a training, of a network with the weights of seed 0."""
        changes = {"name": recipe} if isinstance(recipe, str) else dict(recipe)
        fidelity = Fidelity(
            epochs=epochs, batch_size=batch, **({} if attack_steps is None else {"attack_steps": attack_steps})
        )
        resolved = Recipe.resolve({**changes, "numerics": dict(numerics)})
        plan = Plan(resolved, fidelity, EPSILON, CLASSES, ("crop", "flip"))
        return Trainer(self.build(architecture), images, plan, seed, images)

    def milliseconds(self, work: Callable[[], object], repetitions: int = 3) -> float:
        """Return the median time of some work after a first run."""
        work()
        found = []
        for _ in range(self.size(repetitions, 1)):
            started = now(self.device)
            work()
            found.append(1e3 * (now(self.device) - started))
        return median(found)


def small(block: Block | None = None) -> Architecture:
    """Return a network of 17 to 35 MFLOPs, as a search meets them."""
    return candidate(block or Block())


def networks(place: Place) -> dict[str, Architecture]:
    """Return the networks that are timed, by name."""
    found = {"basic, 27 MFLOPs": small()}
    if not place.tiny:
        found |= {"basic, 0.2 GFLOPs": of_flops(Block()), "RobustResNet, 0.2 GFLOPs": of_flops(ROBUST_RES_BLOCK)}
    return found


def words(error: BaseException) -> str:
    """Return an error in one line."""
    return f"{type(error).__module__}.{type(error).__name__}: {next(iter(error_text(error).splitlines()), '')}"[:300]


def attempts(place: Place, works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Do several pieces of work, each of which may fail; return the errors, and results with their seconds."""
    found: dict[str, dict[str, Any]] = {"errors": {}, "works": {}}
    for name, work in works.items():
        started = time.perf_counter()
        try:
            found["works"][name] = [work(), time.perf_counter() - started]
        except Exception as error:
            found["errors"][name] = words(error)
        place.keep(found)
    return found
