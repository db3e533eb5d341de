"""The switches by which torch chooses its arithmetic, and a network that records them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Switches(NamedTuple):
    """Precisions of float32 operations on GPUs and CPUs, and how cuDNN chooses its algorithms."""

    gpu_convolution: str
    gpu_recurrence: str
    gpu_product: str
    cpu_convolution: str
    cpu_recurrence: str
    cpu_product: str
    deterministic: bool
    search: bool


def switches() -> Switches:
    """Return how the switches are set now."""
    backends: Any = torch.backends
    gpu = backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul
    cpu = backends.mkldnn.conv, backends.mkldnn.rnn, backends.mkldnn.matmul
    precisions = [operation.fp32_precision for operation in (*gpu, *cpu)]
    return Switches(*precisions, backends.cudnn.deterministic, backends.cudnn.benchmark)


def older_switches() -> list[Any]:
    """Return what the older switches say, or that torch refuses to tell because both kinds were used."""
    found: list[Any] = []
    for read in (
        lambda: torch.backends.cudnn.allow_tf32,
        lambda: torch.backends.cuda.matmul.allow_tf32,
        torch.get_float32_matmul_precision,
    ):
        try:
            found.append(read())
        except RuntimeError:
            found.append("refused")
    return found


def reset_switches() -> None:
    """Set the switches as torch has them when it is imported."""
    backends: Any = torch.backends
    torch.set_float32_matmul_precision("highest")
    backends.cudnn.allow_tf32 = True
    backends.cuda.matmul.fp32_precision = "none"
    for operation in (backends.mkldnn.conv, backends.mkldnn.rnn, backends.mkldnn.matmul, backends.cudnn, backends):
        operation.fp32_precision = "none"
    backends.cudnn.deterministic = backends.cudnn.benchmark = False


class Recording(nn.Module):
    """Record the switches at every pass of a network, but not where one image shows whether it runs at all."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.seen: set[Switches] = set()

    def forward(self, images: Tensor) -> Tensor:
        """Return the network's logits."""
        if len(images) > 1:
            self.seen.add(switches())
        logits: Tensor = self.network(images)
        return logits


FLOAT32 = Switches("ieee", "ieee", "ieee", "ieee", "ieee", "ieee", deterministic=True, search=False)
"""How the switches are set where numbers are measured."""
