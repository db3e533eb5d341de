"""Source of any network: what it makes computes the same, and what cannot be written is refused in one line."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.exports.source.module_source import module_source

SHAPE = (3, 8, 8)


def text_of(module: nn.Module) -> str:
    return "\n".join(module_source(module.eval(), SHAPE).lines)


def rebuilt(module: nn.Module) -> nn.Module:
    """What the source makes, with the weights of the module."""
    source = module_source(module.eval(), SHAPE)
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "Tensor": Tensor}
    exec("\n".join(source.lines), names)
    made: nn.Module = names[source.name]()
    made.load_state_dict(module.state_dict())
    return made.eval()


def same(module: nn.Module) -> bool:
    images = torch.rand(3, *SHAPE)
    with torch.no_grad():
        return torch.allclose(rebuilt(module)(images), module(images), rtol=0, atol=0)


class Scaled(nn.Module):
    """Has a parameter, two buffers and a number of its own."""

    shift: Tensor
    seen: Tensor

    def __init__(self, channels: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.scale = nn.Parameter(torch.rand(channels, 1, 1))
        self.register_buffer("shift", torch.rand(channels, 1, 1), persistent=False)
        self.register_buffer("seen", torch.tensor([2]))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale + self.shift) * self.factor / self.seen


class Mixed(nn.Module):
    """Splits, in-place steps, functions, methods, attributes, indices and an unused child."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.scaled = nn.ModuleList([Scaled(channels // 2, 0.5), Scaled(channels // 2, 2.0)])
        self.unused = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.first(x)
        identity = -out
        out += identity * 0.5
        halves = [layer(part) for layer, part in zip(self.scaled, out.chunk(2, dim=1), strict=True)]
        joined = torch.cat(halves, dim=1)
        joined = self.relu(joined) + F.avg_pool2d(identity, kernel_size=3, stride=1, padding=1)
        if joined.shape[1] == 8:
            joined = joined[:, ::2] @ joined[:, 1::2].transpose(2, 3)
        return joined


class Net(nn.Module):
    def __init__(self, *parts: nn.Module, channels: int = 4) -> None:
        super().__init__()
        self.parts = nn.Sequential(*parts)
        self.head = nn.Linear(channels, 5)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.parts(images).mean(dim=(2, 3)))
        return logits


def test_everything_that_a_forward_may_hold() -> None:
    torch.manual_seed(0)
    assert same(Net(Mixed(8)))
    assert same(Net(Mixed(6), channels=6))


def test_modules_that_differ_in_numbers_share_a_class() -> None:
    network = Net(nn.Conv2d(3, 4, 1), Scaled(4, 0.25), Scaled(4, 0.5), Scaled(4, 0.5))
    text = text_of(network)
    assert text.count("class Scaled") == 1
    assert ", 0.25)" in text
    assert same(network)


def test_torch_layers_of_many_kinds() -> None:
    layers = [
        nn.Conv2d(3, 8, (3, 5), stride=(1, 2), padding=(1, 2), dilation=1, groups=1, padding_mode="reflect"),
        nn.GroupNorm(2, 8, eps=1e-3),
        nn.PReLU(8),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 1, bias=False),
        nn.InstanceNorm2d(8, affine=True),
        nn.Softplus(beta=2),
        nn.AvgPool2d(2, stride=1, count_include_pad=False),
        nn.BatchNorm2d(8, affine=False),
        nn.Dropout(0.3),
        nn.GELU(approximate="tanh"),
        nn.Upsample(scale_factor=2.0),
        nn.LeakyReLU(0.2),
    ]
    torch.manual_seed(0)
    network = Net(*layers, channels=8)
    assert same(network)
    text = text_of(network)
    assert "nn.MaxPool2d(2)" in text
    assert "nn.Conv2d(8, 8, 1, bias=False)" in text
    assert "nn.BatchNorm2d(8, affine=False)" in text


class Growing(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(x)], dim=1)


def test_rows_of_alike_children_are_loops() -> None:
    network = Net(*(Growing(3 + 2 * i) for i in range(5)), channels=13)
    assert "*(Growing(channels) for channels in range(3, 13, 2))" in text_of(network)
    assert same(network)
    equal = Net(*(nn.Conv2d(3, 3, 1) for _ in range(4)), channels=3)
    assert "nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(4)))" in text_of(equal)


class Pair(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 3, 1)

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        out: Tensor = self.conv(last) - before
        return out


class Recurrent(nn.Module):
    """Every cell reads the two before it; ``skip`` breaks the pattern at the end."""

    def __init__(self, skip: bool) -> None:
        super().__init__()
        self.cells = nn.ModuleList(Pair(3) for _ in range(4))
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        before = last = x
        outs = []
        for cell in self.cells:
            before, last = last, cell(before, last)
            outs.append(last)
        out: Tensor = last + outs[0] if self.skip else last
        return out.mean(dim=(2, 3))


def test_loops_over_lists_stay_loops_where_nothing_else_reads_inside() -> None:
    torch.manual_seed(0)
    assert "for cell in self.cells:" in text_of(Recurrent(skip=False))
    assert "for cell in self.cells:" not in text_of(Recurrent(skip=True))
    assert same(Recurrent(skip=False))
    assert same(Recurrent(skip=True))


class ByValue(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class Optional(nn.Module):
    def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
        return x * scale


class Foreign(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.special.expit(x)


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2).transpose(1, 2)
        return x + self.attention(flat, flat, flat)[0].mean()


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.add_module("0", nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.get_submodule("0")(x)
        return out


class LargeConstant(nn.Module):
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.rand(3, 8, 8), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.table


def shared() -> nn.Module:
    conv = nn.Conv2d(3, 3, 1)
    return Net(conv, conv, channels=3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Net(ByValue(), channels=3), "cannot be followed without data"),
        (lambda: Net(Optional(), channels=3), "takes optional arguments"),
        (lambda: Net(Foreign(), channels=3), "which is no function of torch"),
        (lambda: Net(Named(), channels=3), "a child is called '0'"),
        (lambda: Net(LargeConstant(), channels=3), "too large to be written"),
        (lambda: Net(Attending(), channels=3), r"parts\.0\.attention: nn\.MultiheadAttention holds other modules"),
        (shared, "are one module"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), "bare nn.Sequential"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(make: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        text_of(make())
    assert "\n" not in str(error.value)
