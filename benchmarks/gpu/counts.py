"""Count the kernels of a training step, and the waits of AutoAttack: what a GPU would launch, counted on a CPU.

    PYTHONPATH=. python benchmarks/gpu/counts.py --json benchmarks/gpu/counts.json

A kernel is an operation of torch that is no view and no allocation. One operation on a list of tensors is one kernel,
though a GPU may need a few. Training is in bfloat16 with folded crafting, an average of the weights, crops and flips.
With graphs, a graph is one launch. Counts depend neither on the size of a
batch nor on that of images, so there are two images of 8x8 pixels. A wait is
an operation that reads a number or a size from the device; waits are counted for images that withstand every step,
which are the most.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from baselines.robust_resnet import ARCHITECTURES as ROBUST_RESNETS
from baselines.wide_resnet import ARCHITECTURES as WIDE_RESNETS
from rnas.attacks import autoattack
from rnas.attacks.autoattack import APGD, Square, TargetedAPGD, TargetedFAB
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.robust_scaling import RobustScaling
from rnas.training import _cuda_graph as cuda_graph
from rnas.training._average import Average
from rnas.training._folding import FoldedNetwork
from rnas.training.averaging import EMA
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.schedules._progress import Progress
from rnas.training.trainer import Trainer

SHAPE, CLASSES = (3, 32, 32), 10
SMALL = (3, 8, 8)
"""Shape of the images that the networks run on here."""

EPSILON = Fraction(8, 255)
STEPS = 7
"""Attack steps of a training step in the totals."""

aten = torch.ops.aten
ALLOCATIONS = (aten.empty, aten.empty_like, aten.empty_strided, aten.new_empty, aten.new_empty_strided)
READS = (aten._local_scalar_dense, aten.nonzero, aten.equal, aten.is_nonzero, aten.masked_select)
INDEXED = (aten.index, aten.index_put, aten.index_put_)


def candidate(block: Block) -> ResidualNetwork:
    """Return a network as in a search."""
    return ResidualNetwork((2,) * 3, (16, 32, 64), (block,))


def of_flops(block: Block) -> Any:
    """Return a scaled network of about 0.2 GFLOPs."""
    scaling = RobustScaling(partial(widened, block=block))
    return scaling.nearest(200_000_000, SHAPE, CLASSES).architecture


NETWORKS: dict[str, Callable[[], Any]] = {
    "basic, 27 MFLOPs": lambda: candidate(Block()),
    "bottleneck": lambda: candidate(Block("bottleneck")),
    "inverted bottleneck, 17 MFLOPs": lambda: candidate(Block("inverted-bottleneck")),
    "RobustResBlock, 35 MFLOPs": lambda: candidate(ROBUST_RES_BLOCK),
    "basic, 0.2 GFLOPs": lambda: of_flops(Block()),
    "RobustResNet, 0.2 GFLOPs": lambda: of_flops(ROBUST_RES_BLOCK),
    "WRN-28-10": lambda: WIDE_RESNETS["wrn-28-10"],
    "RobustResNet-A1": lambda: ROBUST_RESNETS["robust-resnet-a1"],
}


class _EnoughError(Exception):
    """Stop a training whose step was counted."""


class Counter(TorchDispatchMode):
    """Count kernels and waits."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = 0
        self.waits = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and do it."""
        operation = func.overloadpacket
        self.kernels += not func.is_view and operation not in (*ALLOCATIONS, aten._local_scalar_dense)
        self.waits += operation in READS
        if operation in INDEXED:
            masks = [leaf for leaf in tree_leaves(args[1]) if isinstance(leaf, Tensor)]
            self.waits += sum(mask.dtype in (torch.bool, torch.uint8) for mask in masks)
        return func(*args, **(kwargs or {}))


def kernels(work: Callable[[], object]) -> int:
    """Return the number of kernels of some work."""
    with Counter() as counter:
        work()
    return counter.kernels


class Launch:
    """A graph, of which only the launch is counted."""

    def replay(self) -> None:
        """Launch one kernel."""
        torch.ones(()).neg_()


@contextmanager
def graphs() -> Iterator[None]:
    """Let a CPU run graphs."""
    cuda_graph.CAPTURES["cpu"] = lambda work, state=(): (Launch(), work())
    try:
        yield
    finally:
        del cuda_graph.CAPTURES["cpu"]


def step_kernels(model: nn.Module, attack_steps: int, **numerics: Any) -> int:
    """Return the kernels of one training step, with all that is around the network's own passes."""
    recipe = Recipe.resolve(
        {"name": "sat", "numerics": {"precision": "bfloat16", **numerics}, "averaging": {"name": "ema", "decay": 0.99}}
    )
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (10, *SMALL), generator=generator, dtype=torch.uint8)
    split = Split(pixels, torch.arange(10) % CLASSES, torch.arange(10), 255)
    fidelity = Fidelity(epochs=1, batch_size=2, attack_steps=attack_steps, attack_step=Fraction(1, 4))
    training = Trainer(model, split, Plan(recipe, fidelity, EPSILON, CLASSES, ("crop", "flip")), 0)
    counter, found = Counter(), []

    def check(_share: float) -> None:
        found.append(counter.kernels)
        if len(found) == 5:
            raise _EnoughError

    with counter, suppress(_EnoughError):
        next(iter(training.epochs(check)))
    return found[4] - found[3]


def of_network(architecture: Any) -> dict[str, int]:
    """Return the counts of one network."""
    torch.manual_seed(0)
    model = architecture.build(CLASSES, SMALL)
    images, labels = torch.rand(2, *SMALL), torch.tensor([0, 1])
    folded = FoldedNetwork(model, images, torch.bfloat16)
    average = Average(EMA(decay=0.99), model)

    def crafted(steps: int) -> int:
        with attacking(folded), torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            return kernels(lambda: PGD(EPSILON, steps).ascend(folded, images, labels, images))

    def trained() -> None:
        model.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            nn.functional.cross_entropy(model(images).float(), labels).backward()

    attack_step = crafted(2) - crafted(1)
    eager = step_kernels(architecture.build(CLASSES, SMALL), 1) + (STEPS - 1) * attack_step
    with graphs():
        graphed = step_kernels(architecture.build(CLASSES, SMALL), 1, cuda_graphs=True)
    return {
        "attack_step": attack_step,
        "refresh_of_folded_weights": kernels(folded.refresh),
        "training_pass": kernels(trained),
        "optimizer_and_average": 1 + kernels(lambda: average.after_step(model, Progress(1, 10, 1))),
        "step": eager,
        "step_with_graphs": graphed,
    }


def waits() -> dict[str, dict[str, Any]]:
    """Return the waits of each of AutoAttack's parts on a batch of 8 images of a small network."""
    torch.manual_seed(0)
    model = candidate(Block()).build(CLASSES, SMALL).eval()
    images, ids = torch.rand(8, *SMALL), torch.arange(8)
    with torch.no_grad():
        labels = model(images).argmax(1)
    # So small a ball that every image withstands every step.
    epsilon, queries = Fraction(1, 100_000), 200
    parts = {
        "apgd-ce": (APGD(epsilon), 1),
        "apgd-t, one target": (TargetedAPGD(epsilon, targets=1), 1),
        "fab-t, one target": (TargetedFAB(epsilon, targets=1), 1),
        "square, a query": (Square(epsilon, queries=queries), queries),
        "square of the cascade, a query": (Square(epsilon, queries=queries, skip_unchanged=True), queries),
    }
    found: dict[str, dict[str, Any]] = {}
    # This device stands for a GPU.
    autoattack._WAITED_FOR.add("cpu")
    for name, (attack, share) in parts.items():
        with Counter() as counter:
            attack(model, images, labels, ids, 0)
        found[name] = {"waits": round(counter.waits / share, 2), "kernels": round(counter.kernels / share, 1)}
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the counts, and write them to a file."""
    parser = argparse.ArgumentParser(description="Count kernels and waits.")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    content: dict[str, Any] = {"attack_steps": STEPS, "networks": {}, "autoattack": waits()}
    for name, part in content["autoattack"].items():
        print(f"{name:32} {part}", flush=True)
    for name, architecture in NETWORKS.items():
        content["networks"][name] = of_network(architecture())
        print(f"{name:32} {content['networks'][name]}", flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
