"""Check whether large logits make attacks on the cross-entropy fail."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.pgd import PGD
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.statistics.proportions import proportion

_THRESHOLD = 0.03


def check(probe: Probe) -> Flag | None:
    """Check whether PGD-20 on the cross-entropy breaks more images if the median margin divides large logits."""
    right = probe.right
    greatest = probe.logits(probe.images[right]).topk(2, dim=1).values
    if not len(greatest):
        return None
    margin = (greatest[:, 0] - greatest[:, 1]).median().item()
    if margin <= 1:
        return None
    attack = PGD(probe.epsilon, 20, Fraction(1, 10), norm=probe.norm)
    scaled = probe.robust_to_among(_OnScaledLogits(attack, margin), right)
    broken = proportion((probe.robust_to(attack) & ~scaled).double().mean().item(), len(right))
    if broken.low <= _THRESHOLD:
        return None
    return Flag(
        name="logit-scale",
        explanation=f"PGD-20 breaks another {broken.value:.0%} of images when logits are divided by {margin:.3g}: "
        "the scale of the logits, not the network, withstands attacks on the cross-entropy. The value is the lower end "
        "of the 95 % interval.",
        value=broken.low,
        threshold=_THRESHOLD,
    )


@dataclass(frozen=True)
class _OnScaledLogits:
    """Attack with logits that are divided by a number."""

    attack: PGD
    divisor: float

    @property
    def epsilon(self) -> Fraction:
        return self.attack.epsilon

    @property
    def norm(self) -> Norm:
        return self.attack.norm

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        return self.attack(_Divided(model, self.divisor), images, labels, ids, seed)


class _Divided(nn.Module):
    def __init__(self, model: nn.Module, divisor: float) -> None:
        super().__init__()
        self._model = model
        self._divisor = divisor

    def forward(self, images: Tensor) -> Tensor:
        return torch.div(self._model(images), self._divisor)
