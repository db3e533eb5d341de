"""Check whether an attack without gradients breaks images that gradient attacks do not."""

from torch import Tensor

from rnas.attacks.named import named_attack
from rnas.evaluation.flags._attack_gap import PGD_NAMES
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.statistics.proportions import proportion

_THRESHOLD = 0.002
_QUERIES = "square200"


def check(probe: Probe) -> Flag | None:
    """Check whether Square breaks images that withstand PGD on both losses and AutoAttack's strongest attack."""
    left = probe.robust_to(probe.strong_attack)
    for name in PGD_NAMES:
        left = left & probe.robust_to(named_attack(name, probe.epsilon, probe.norm))
    square = probe.robust_to_among(named_attack(_QUERIES, probe.epsilon, probe.norm), left)
    return beyond_gradients(left & ~square)


def beyond_gradients(broken: Tensor) -> Flag | None:
    """Return the flag from images (n,) that Square broke although they withstood gradient attacks.

    The threshold is AutoAttack's own (Croce and Hein, 2021); here the whole 95 % interval must be above it.
    """
    share = proportion(broken.double().mean().item(), len(broken))
    if share.low <= _THRESHOLD:
        return None
    return Flag(
        name="black-box",
        explanation=f"Square, which uses no gradient, breaks {share.value:.1%} of images that withstand gradient "
        "attacks: the gradient is masked (Carlini et al., 2019). The value is the lower end of the 95 % interval.",
        value=share.low,
        threshold=_THRESHOLD,
    )
