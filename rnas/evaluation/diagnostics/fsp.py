"""The flow of solution procedure (FSP) matrix of a block, and how far an attack moves it.

Yim et al., "A Gift from Knowledge Distillation" (CVPR 2017). Guo et al., "When NAS Meets Robustness" (RobNet, CVPR
2020), take the distance between the matrices of an image and of its attacked version as an indicator: robust networks
have a low one in their deeper cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.evaluation.diagnostics.blocks import blocks
from rnas.evaluation.diagnostics.comparison import Pair, compare
from rnas.evaluation.diagnostics.diagnostic import DiagnosticContext, finite_metrics
from rnas.networks.architecture import Architecture

_MATRICES = 16
"""Matrices at a time; one of a wide block has as many entries as a large feature map."""


def fsp_matrices(inputs: Tensor, outputs: Tensor) -> Tensor:
    """G = sum over positions of F_in F_out^T / (height * width), (n, a, b).

    Where the maps differ in size, as in a block that halves them, both are max-pooled to the smaller sides, as Yim et
    al. do.

    Args:
        inputs: feature maps (n, a, H, W) that enter a block.
        outputs: feature maps (n, b, H', W') that leave it.
    """
    size = [min(sides) for sides in zip(inputs.shape[2:], outputs.shape[2:], strict=True)]
    entering, leaving = (_pooled(maps, size).flatten(2) for maps in (inputs, outputs))
    return entering @ leaving.mT / entering.shape[2]


def _pooled(maps: Tensor, size: list[int]) -> Tensor:
    return maps if list(maps.shape[2:]) == size else F.adaptive_max_pool2d(maps, size)


def fsp_distances(model: nn.Module, images: Tensor, adversarial: Tensor, batch_size: int = 100) -> dict[str, Tensor]:
    """Return ||G(x) - G(x')||^2, the sum of squared differences of all entries, for each block and image.

    Args:
        model: from images to logits; left as found, run in eval mode.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        batch_size: pairs at a time.

    Returns:
        Distances (n,) float64 on the CPU, at least 0, by name of the block, in the order in which the blocks run;
        infinite where a matrix is not finite. A block that does not lead from feature maps to feature maps has none.
        A cell's input is the output of the cell before it.

    Raises:
        InputError: the images do not come in pairs, or no block has feature maps.
    """
    found = compare(model, images, adversarial, blocks(model), _distances, batch_size)
    if not found:
        raise InputError("no block of this network leads from feature maps to feature maps; it has no FSP matrix")
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
class FSPDistance:
    """Mean distance over images: of the last block, and of all blocks on average."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "fsp_distance_last": (0.0, inf),
        "fsp_distance_mean": (0.0, inf),
    }

    def covers(self, architecture: Architecture) -> bool:
        """Every architecture whose blocks have feature maps, as all of ours have."""
        return True

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """See :class:`rnas.evaluation.diagnostics.diagnostic.Diagnostic`."""
        found = fsp_distances(context.model, context.images, context.adversarial, context.batch_size)
        means = torch.stack([distances.mean() for distances in found.values()])
        return finite_metrics({"fsp_distance_last": means[-1].item(), "fsp_distance_mean": means.mean().item()})


DIAGNOSTIC = FSPDistance()
