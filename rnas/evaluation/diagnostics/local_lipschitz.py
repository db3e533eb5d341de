"""Search by gradient ascent for the local Lipschitz constant of a network or a block around each image.

It is max ||f(x) - f(x')||_1 / ||x - x'||_inf over the x' in [0, 1] in an l-infinity ball around x: the maximum inside
equation 3 of "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang et al., NeurIPS
2021). The attack maximises the ratio itself, as in Yang et al. ("A Closer Look at Accuracy vs. Robustness", NeurIPS
2020). The result is a lower bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rnas.attacks.start import Start
from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.evaluation.diagnostics._blocks import blocks
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext, finite_metrics
from rnas.evaluation.diagnostics.empirical_lipschitz import change, distance, greatest_ratio, mean_ratio, ratio

NEAR = Start("uniform", Fraction(1, 10))
"""Uniform noise of a tenth of the radius, so that small distances are searched before large ones."""


@dataclass(frozen=True)
class LipschitzAscent:
    """Take signed gradient steps on the ratio from near the image, and return the greatest ratio on the way.

    During a step the distance counts as a constant. Its derivative affects only the pixels that have moved furthest,
    and would move them back from the corners of the ball, where a linear map has its greatest ratio.

    The result is exact for a linear map f(x) = W x + b with one output, or with several that share no pixel, if the
    ball lies in [0, 1]. There the ascent reaches sum |W|, the operator norm of W from l-infinity to l1. That norm is
    NP-hard in general. For any other W the result is never above it, and equals it if the gradient points out of the
    ball.

    Attributes:
        epsilon: radius of the ball, an exact fraction in (0, 1].
        steps: number of gradient steps, at least 1; from the start, 11 steps of a tenth reach any corner.
        step: size of one step as a share of epsilon.
    """

    epsilon: Fraction
    steps: int = 20
    step: Fraction = Fraction(1, 10)

    def __call__(self, model: nn.Module, images: Tensor, ids: Tensor, seed: int, block: str | None = None) -> Tensor:
        """Return the greatest ratio that was found, (n,) float64 on the CPU.

        It is infinite if the output is not finite, and NaN if no point was found that differs from the image.

        Args:
            model: network from images to logits; it is left unchanged and runs in eval mode.
            images: (n, C, H, W) in [0, 1].
            ids: (n,) int64; the start of an image is a function of (seed, id).
            seed: seed of the starts.
            block: name of a block from :func:`rnas.evaluation.diagnostics._blocks.blocks`, or None for the network's
                output.

        Raises:
            InputError: there is no block of this name.
        """
        epsilon, step = float(self.epsilon), float(self.epsilon * self.step)
        lowest, highest = (images - epsilon).clamp_(min=0), (images + epsilon).clamp_(max=1)
        function = _output_of(model, block)
        point = NEAR.of(images, epsilon, ids, seed)
        with attacking(model):
            with torch.no_grad():
                clean = function(images)
            best = torch.full((len(images),), torch.nan, dtype=torch.float64, device=images.device)
            for _ in range(self.steps):
                point.requires_grad_(True)
                with torch.enable_grad():
                    changed = change(clean, function(point))
                    (gradient,) = torch.autograd.grad(changed.sum(), point)
                point, changed = point.detach(), changed.detach()
                best = best.fmax(ratio(changed, distance(images, point)))
                # A pixel whose gradient is not finite stays where it is.
                direction = gradient.nan_to_num_(0, 0, 0).sign_()
                point = torch.clamp(point + step * direction, lowest, highest)
            with torch.no_grad():
                best = best.fmax(ratio(change(clean, function(point)), distance(images, point)))
        return best.cpu()


def _output_of(model: nn.Module, block: str | None) -> Callable[[Tensor], Tensor]:
    """Return the function from images to the output of a block, or of the network."""
    if block is None:
        return model
    found = blocks(model)
    if block not in found:
        raise InputError(f"unknown block {block!r}; this network has {', '.join(found)}")
    last = found[block].last

    def run(images: Tensor) -> Tensor:
        caught: list[Tensor] = []

        def catch(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            # A copy is needed because the next layer may overwrite it.
            caught.append(output.clone())

        handle = last.register_forward_hook(catch)
        try:
            model(images)
        finally:
            handle.remove()
        return caught[-1]

    return run


@dataclass(frozen=True)
class LocalLipschitz(Diagnostic):
    """Measure the network's constant within the context's radius, as mean and as greatest value over images.

    Attributes:
        steps: number of gradient steps; see :class:`LipschitzAscent`.
        step: size of one step as a share of epsilon.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "local_lipschitz": (0.0, inf),
        "local_lipschitz_max": (0.0, inf),
    }

    steps: int = LipschitzAscent.steps
    step: Fraction = LipschitzAscent.step

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the constants of the context's network."""
        ascent = LipschitzAscent(context.epsilon, self.steps, self.step)
        batches = zip(*(torch.split(part, context.batch_size) for part in (context.images, context.ids)), strict=True)
        ratios = torch.cat([ascent(context.model, images, ids, context.seed) for images, ids in batches])
        return finite_metrics({"local_lipschitz": mean_ratio(ratios), "local_lipschitz_max": greatest_ratio(ratios)})


DIAGNOSTIC = LocalLipschitz()
