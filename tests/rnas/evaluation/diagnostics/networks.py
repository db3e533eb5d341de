"""Networks small enough to be computed by hand."""

import torch
from torch import Tensor, nn


def linear(weights: list[list[float]], bias: list[float] | None = None) -> nn.Module:
    """Images (n, ...) to ``weights`` (K, pixels) times their pixels, in float64."""
    matrix = torch.tensor(weights, dtype=torch.float64)
    layer = nn.Linear(matrix.shape[1], matrix.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(matrix)
        layer.bias.copy_(torch.tensor(bias or [0.0] * len(weights)))
    return nn.Sequential(nn.Flatten(), layer)


def convolution(weights: list[list[list[list[float]]]], stride: int = 1) -> nn.Conv2d:
    """A convolution of these weights (out, in, k, k), padded to keep the size, in float64."""
    kernel = torch.tensor(weights, dtype=torch.float64)
    outputs, inputs, side, _ = kernel.shape
    layer = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(kernel)
    return layer


def images(*pixels: list[list[float]]) -> Tensor:
    """Images (n, 1, H, W) of these rows of pixels."""
    return torch.tensor(pixels, dtype=torch.float64)[:, None]
