"""Small networks whose tensors are called as in released code, written anew from their papers and names."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """A block of a WideResNet; the shortcut's convolution exists only if the width changes."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, activation: Callable[[Tensor], Tensor], shortcut: str
    ) -> None:
        super().__init__()
        self.activation = activation
        self.bn1, self.bn2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.own = shortcut if inputs != outputs or stride != 1 else ""
        if self.own:
            convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.add_module(shortcut, nn.Sequential(convolution) if shortcut == "shortcut" else convolution)

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activation(self.bn1(x))
        skipped = self.get_submodule(self.own)(activated) if self.own else x
        out: Tensor = skipped + self.conv2(self.activation(self.bn2(self.conv1(activated))))
        return out


class Stage(nn.Module):
    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


class TradesWideResNet(nn.Module):
    """WRN-10-1 with the names of TRADES, and its part that is never run."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 16, 32, 64)
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        stages = [Stage(Block(a, b, 1 + (b > 16), F.relu, "convShortcut")) for a, b in pairwise(widths)]
        self.block1, self.block2, self.block3 = stages
        self.sub_block1 = Stage(Block(16, 16, 1, F.relu, "convShortcut"))
        self.bn1, self.fc = nn.BatchNorm2d(64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.block3(self.block2(self.block1(self.conv1(x))))
        logits: Tensor = self.fc(F.relu(self.bn1(out)).mean((2, 3)))
        return logits


class AdvancedResNet(nn.Module):
    """A network of one block a stage, of SiLU, that normalises its images, as RobustBench has WRN-A4."""

    def __init__(self, *, with_constants: bool) -> None:
        super().__init__()
        mean, deviation = ((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616))
        self.register_buffer("mu", torch.tensor(mean).view(3, 1, 1), persistent=with_constants)
        self.register_buffer("sigma", torch.tensor(deviation).view(3, 1, 1), persistent=with_constants)
        widths = (16, 32, 64)
        self.stem_conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.blocks = nn.ModuleList(
            Stage(Block(a, b, 2 if b > 16 else 1, F.silu, "shortcut"))
            for a, b in zip((16, 16, 32), (16, 32, 64), strict=True)
        )
        self.norm1, self.fc = nn.BatchNorm2d(widths[-1]), nn.Linear(widths[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.stem_conv((x - self.get_buffer("mu")) / self.get_buffer("sigma"))
        for stage in self.blocks:
            out = stage(out)
        logits: Tensor = self.fc(F.silu(self.norm1(out)).mean((2, 3)))
        return logits


def filled(module: nn.Module) -> nn.Module:
    """The module with random weights and statistics, in eval mode."""
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.dim() == 1 and "running_mean" not in name:
            tensor.uniform_(0.5, 1.5)
        elif "running_mean" in name:
            tensor.normal_(std=0.1)
    return module.eval()
