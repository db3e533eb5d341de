"""Compute the flow of solution procedure (FSP) matrix of a block, and how much an attack changes it.

The matrix is from Yim et al., "A Gift from Knowledge Distillation" (CVPR 2017). Guo et al., "When NAS Meets Robustness"
(RobNet, CVPR 2020), use the distance between the matrices of an image and of its adversarial version as an indicator:
robust networks have a small distance in their deeper cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.evaluation.diagnostics._blocks import blocks
from rnas.evaluation.diagnostics.comparison import Pair, compare
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext, finite_metrics

_MATRICES = 16
"""Number of matrices per batch; the matrix of a wide block has as many entries as a large feature map."""


def fsp_matrices(inputs: Tensor, outputs: Tensor) -> Tensor:
    """Return G = sum over positions of F_in F_out^T / (height * width), (n, a, b).

    If the maps differ in size, as in a block that halves them, both are max-pooled to the smaller sides, as in Yim et
    al.

    Args:
        inputs: feature maps (n, a, H, W), the input of a block.
        outputs: feature maps (n, b, H', W'), the output of the block.
    """
    size = [min(sides) for sides in zip(inputs.shape[2:], outputs.shape[2:], strict=True)]
    entering, leaving = (_pooled(maps, size).flatten(2) for maps in (inputs, outputs))
    return entering @ leaving.mT / entering.shape[2]


def _pooled(maps: Tensor, size: list[int]) -> Tensor:
    return maps if list(maps.shape[2:]) == size else F.adaptive_max_pool2d(maps, size)


def fsp_distances(model: nn.Module, images: Tensor, adversarial: Tensor, batch_size: int = 100) -> dict[str, Tensor]:
    """Return ||G(x) - G(x')||^2, the sum of squared differences of all entries, for each block and image.

    Args:
        model: network from images to logits; it is left unchanged and runs in eval mode.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        batch_size: pairs per batch.

    Returns:
        Distances (n,) float64 on the CPU, at least 0, by name of the block, in the order in which the blocks run. They
        are infinite where a matrix is not finite. A block whose input or output is not a feature map has no distance.
        The input of a cell is the output of the cell before it.

    Raises:
        InputError: the images are not in pairs, or no block has feature maps.
    """
    found = compare(model, images, adversarial, blocks(model), _distances, batch_size)
    if not found:
        raise InputError("no block of this network has feature maps as input and output; it has no FSP matrix")
    return found


def _distances(inputs: Pair, outputs: Pair) -> Tensor | None:
    if inputs[0].dim() != 4 or outputs[0].dim() != 4:
        return None
    parts = []
    for maps in zip(*(torch.split(tensor, _MATRICES) for tensor in (*inputs, *outputs)), strict=True):
        clean_in, attacked_in, clean_out, attacked_out = maps
        moved = fsp_matrices(clean_in, clean_out) - fsp_matrices(attacked_in, attacked_out)
        parts.append(moved.double().square().sum((1, 2)))
    distances = torch.cat(parts)
    return torch.where(distances.isfinite(), distances, torch.full_like(distances, inf))


@dataclass(frozen=True)
class FSPDistance(Diagnostic):
    """Measure the mean distance over images, of the last block and as the average of all blocks."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "fsp_distance_last": (0.0, inf),
        "fsp_distance_mean": (0.0, inf),
    }

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the distances of the context's network."""
        found = fsp_distances(context.model, context.images, context.adversarial, context.batch_size)
        means = torch.stack([distances.mean() for distances in found.values()])
        return finite_metrics({"fsp_distance_last": means[-1].item(), "fsp_distance_mean": means.mean().item()})


DIAGNOSTIC = FSPDistance()
