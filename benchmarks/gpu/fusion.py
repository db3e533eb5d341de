"""Count what torch.compile would save an attack step on a GPU: kernels, and bytes that they read and write.

    PYTHONPATH=. python benchmarks/gpu/fusion.py --json benchmarks/gpu/fusion.json

The network is passed forward, and a gradient back to the images, as in an attack of a training: in bfloat16, with
folded weights. Without torch.compile each operation is a kernel that reads and writes memory. With it, kernels and
bytes are those that torch's compiler plans for a CPU; its plan for a GPU may differ. Nothing is compiled or timed.
Bytes are extrapolated from one and two images to a batch of 128, since both parts, of weights and of maps, are linear.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from counts import CLASSES, NETWORKS, SHAPE, Counter
from torch import Tensor
from torch._dynamo.backends.common import aot_autograd
from torch._functorch.aot_autograd import make_boxed_func
from torch._functorch.partitioners import min_cut_rematerialization_partition
from torch._inductor.debug import DebugContext
from torch._inductor.decomposition import select_decomp_table
from torch._inductor.graph import GraphLowering
from torch._inductor.ir import MultiOutput
from torch._inductor.virtualized import V
from torch.utils._pytree import tree_leaves

from rnas.attacks.state import attacking
from rnas.training._folding import FoldedNetwork

BATCH = 128
COMPARED = ("basic, 27 MFLOPs", "RobustResBlock, 35 MFLOPs", "RobustResNet, 0.2 GFLOPs", "WRN-28-10", "RobustResNet-A1")


class Traffic(Counter):
    """Count the bytes of every kernel as well."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and do it."""
        before = self.kernels
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if self.kernels > before:
            tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
            self.bytes += sum(leaf.numel() * leaf.element_size() for leaf in tensors)
        return result


class Plan:
    """Plan the kernels of graphs as the compiler does, and run the graphs without them."""

    def __init__(self) -> None:
        self.kernels = self.bytes = 0

    def __call__(self, module: Any, inputs: Any) -> Any:
        """Count the kernels of one graph, and return it."""
        graph = GraphLowering(module, example_inputs=inputs)
        mode = torch._guards.detect_fake_mode(inputs)
        with V.set_debug_handler(DebugContext()), V.set_graph_handler(graph), V.set_fake_mode(mode):
            graph.run(*inputs)
            graph._update_scheduler()
            self.bytes += graph.count_bytes()[0]
            self.kernels += sum(map(_is_kernel, graph.scheduler.nodes))
        return make_boxed_func(module.forward)


def _is_kernel(node: Any) -> bool:
    """Return whether a part of a plan runs; others name a result of a kernel that has several, or nothing."""
    return type(node).__name__ != "NopKernelSchedulerNode" and not isinstance(node.node, MultiOutput)


def passed(network: torch.nn.Module, images: Tensor) -> None:
    """Pass images forward, and a gradient back to them."""
    images = images.detach().requires_grad_(True)
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        logits = network(images)
    torch.autograd.grad(logits.float().sum(), images)


def counted(architecture: Any, count: int) -> dict[str, tuple[int, int]]:
    """Return kernels and bytes for some images, without the compiler and with it."""
    torch.manual_seed(0)
    model = architecture.build(CLASSES, SHAPE)
    images = torch.rand(count, *SHAPE).contiguous(memory_format=torch.channels_last)
    model = model.to(memory_format=torch.channels_last)
    folded = FoldedNetwork(model, images, torch.bfloat16)
    with attacking(folded):
        with Traffic() as traffic:
            passed(folded, images)
        plan = Plan()
        backend = aot_autograd(
            fw_compiler=plan,
            bw_compiler=plan,
            decompositions=select_decomp_table,
            partition_fn=min_cut_rematerialization_partition,
        )
        torch._dynamo.reset()
        passed(torch.compile(folded, backend=backend), images)
    return {"eager": (traffic.kernels, traffic.bytes), "compiled": (plan.kernels, plan.bytes)}


def of_network(architecture: Any) -> dict[str, dict[str, float]]:
    """Return kernels, and GB of a batch."""
    one, two = counted(architecture, 1), counted(architecture, 2)
    found = {}
    for name, (kernels, least) in one.items():
        more = two[name][1] - least
        found[name] = {"kernels": kernels, "GB": round((least + (BATCH - 1) * more) / 1e9, 2)}
    return found


def main() -> None:
    """Print the counts, and write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=COMPARED, metavar="NETWORK")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    content = {"torch": torch.__version__, "batch": BATCH, "networks": {}}
    for name in given.networks:
        content["networks"][name] = of_network(NETWORKS[name]())
        print(f"{name:32} {content['networks'][name]}", flush=True)
        if given.json is not None:
            given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
