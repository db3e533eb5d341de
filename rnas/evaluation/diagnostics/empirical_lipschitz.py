"""Estimate the empirical Lipschitz constant of a network and of its blocks, on given pairs of images.

It is equation 3 of "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang, Wang,
Erfani, Gu, Bailey, Ma, NeurIPS 2021), after Yang et al., "A Closer Look at Accuracy vs. Robustness" (NeurIPS 2020): the
mean over images of ||f(x) - f(x')||_1 / ||x - x'||_inf. Here x' comes from an attack (PGD-20 in the paper), and f is
the logits or, in the paper's figure 5, the network from its input to the end of a block. For a linear map f(x) = W x +
b the ratio of a pair is ||W (x - x')||_1 / ||x - x'||_inf, whatever b and x; it is never above the operator norm of W
from l-infinity to l1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics._blocks import Span, blocks
from rnas.evaluation.diagnostics.comparison import Pair, compare
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext, finite_metrics

_NETWORK = "(network)"


@dataclass(frozen=True)
class LipschitzRatios:
    """Hold the change of the output divided by the change of the image, (n,) float64 on the CPU, at least 0.

    A ratio is infinite if an output is not finite, and NaN if an image and its adversarial version are equal.

    Attributes:
        network: ratios of the network's output.
        blocks: ratios of each block's output, by name, in the order in which the blocks run.
    """

    network: Tensor
    blocks: Mapping[str, Tensor]


def change(before: Tensor, after: Tensor) -> Tensor:
    """Return ||before - after||_1 over all but the first axis, (n,) float64; infinite if it is not finite."""
    total = (before - after).flatten(1).abs().sum(1, dtype=torch.float64)
    return torch.where(total.isfinite(), total, torch.full_like(total, inf))


def distance(before: Tensor, after: Tensor) -> Tensor:
    """Return ||before - after||_inf over all but the first axis, (n,) float64."""
    return (before - after).flatten(1).abs().amax(1).double()


def ratio(changed: Tensor, moved: Tensor) -> Tensor:
    """Return changes (n,) divided by distances (n,), NaN where the distance is 0."""
    return torch.where(moved > 0, changed / moved, torch.nan)


def lipschitz_ratios(model: nn.Module, images: Tensor, adversarial: Tensor, batch_size: int = 100) -> LipschitzRatios:
    """Return the ratios of all pairs, for the network and its :func:`rnas.evaluation.diagnostics._blocks.blocks`.

    Args:
        model: network from images to logits; it is left unchanged and runs in eval mode.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        batch_size: pairs per batch.

    Raises:
        InputError: the images are not in pairs, or a block returns something other than a tensor.
    """

    def measure(_inputs: Pair, outputs: Pair) -> Tensor:
        return change(*outputs)

    spans = {**blocks(model), _NETWORK: Span(model, model)}
    changes = compare(model, images, adversarial, spans, measure, batch_size)
    moved = distance(images, adversarial).cpu()
    ratios = {name: ratio(changed, moved) for name, changed in changes.items()}
    return LipschitzRatios(ratios.pop(_NETWORK), ratios)


def mean_ratio(ratios: Tensor) -> float:
    """Return the empirical Lipschitz constant: the mean of ratios (n,) over the pairs that differ.

    Raises:
        InputError: no pair differs.
    """
    return _of_pairs_that_differ(ratios).mean().item()


def greatest_ratio(ratios: Tensor) -> float:
    """Return the greatest ratio (n,) over the pairs that differ: a lower bound of the Lipschitz constant.

    Raises:
        InputError: no pair differs.
    """
    return _of_pairs_that_differ(ratios).amax().item()


def _of_pairs_that_differ(ratios: Tensor) -> Tensor:
    different = ratios[~ratios.isnan()]
    if not len(different):
        raise InputError("every adversarial image equals its image; a Lipschitz constant needs two points that differ")
    return different


@dataclass(frozen=True)
class EmpiricalLipschitz(Diagnostic):
    """Measure the constant of the network, as mean and as greatest value over images, and the mean of its last block.

    Names of blocks differ between architectures, so only the last block, which every network has, is a metric.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "empirical_lipschitz": (0.0, inf),
        "empirical_lipschitz_max": (0.0, inf),
        "last_block_lipschitz": (0.0, inf),
    }

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the constants of the context's network."""
        ratios = lipschitz_ratios(context.model, context.images, context.adversarial, context.batch_size)
        last = list(ratios.blocks.values())[-1]
        return finite_metrics(
            {
                "empirical_lipschitz": mean_ratio(ratios.network),
                "empirical_lipschitz_max": greatest_ratio(ratios.network),
                "last_block_lipschitz": mean_ratio(last),
            }
        )


DIAGNOSTIC = EmpiricalLipschitz()
