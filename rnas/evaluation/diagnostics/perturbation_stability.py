"""Measure perturbation stability, and divide the errors under attack into two risks.

Stability is defined in "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang, Wang,
Erfani, Gu, Bailey, Ma, NeurIPS 2021, section 4.5), after Wu et al., "Do Wider Neural Networks Really Help
Adversarial Robustness?" (NeurIPS 2021). An image is stable if no change within the ball changes its prediction, right
or wrong. An image withstands the attack if it is both correct and stable. The error under attack is therefore the
natural risk plus the boundary risk of Zhang et al., TRADES (ICML 2019).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.evaluation.diagnostics.comparison import require_pairs
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext


@dataclass(frozen=True)
class Stability:
    """Hold results for each image; every field is (n,) bool on the CPU.

    Attributes:
        correct: whether the clean image is classified correctly.
        stable: whether the clean and the adversarial image have the same prediction, right or wrong. If a logit of
            either is not finite, there is no prediction, and the image is neither correct nor stable.
    """

    correct: Tensor
    stable: Tensor

    @property
    def perturbation_stability(self) -> float:
        """Return the share of stable images, in [0, 1]; a stronger attack could give a lower share."""
        return self.stable.double().mean().item()

    @property
    def boundary_risk(self) -> float:
        """Return the share of images that are correct but not stable, in [0, 1]."""
        return (self.correct & ~self.stable).double().mean().item()


def perturbation_stability(
    model: nn.Module, images: Tensor, adversarial: Tensor, labels: Tensor, batch_size: int = 100
) -> Stability:
    """Return which images are correct and which are stable under the attack that made these adversarial images.

    Args:
        model: network from images to logits (n, K); it is left unchanged and runs in eval mode.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        labels: (n,) int64.
        batch_size: pairs per batch.

    Raises:
        InputError: the images are not in pairs.
    """
    require_pairs(images, adversarial)
    correct, stable = [], []
    parts = (torch.split(part, batch_size) for part in (images, adversarial, labels))
    for clean, attacked, label in zip(*parts, strict=True):
        with attacking(model), torch.no_grad():
            before, after = model(clean), model(attacked)
        known, finite = before.isfinite().all(1), after.isfinite().all(1)
        predicted = before.argmax(1)
        correct.append(known & (predicted == label))
        stable.append(known & finite & (predicted == after.argmax(1)))
    return Stability(torch.cat(correct).cpu(), torch.cat(stable).cpu())


@dataclass(frozen=True)
class PerturbationStability(Diagnostic):
    """Measure ``perturbation_stability``, and the ``boundary_risk`` that an attack adds to the natural risk."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "perturbation_stability": (0.0, 1.0),
        "boundary_risk": (0.0, 1.0),
    }

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return stability and boundary risk of the context's network."""
        found = perturbation_stability(
            context.model, context.images, context.adversarial, context.labels, context.batch_size
        )
        return {
            "perturbation_stability": found.perturbation_stability,
            "boundary_risk": found.boundary_risk,
        }


DIAGNOSTIC = PerturbationStability()
