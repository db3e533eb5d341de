"""Check whether AutoAttack breaks far more images than PGD."""

from torch import Tensor

from rnas.attacks.named import named_attack
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.statistics.proportions import proportion

PGD_NAMES = ("pgd20", "pgd20-margin")
"""The attacks with which AutoAttack is compared."""

_THRESHOLD = 0.05


def check(probe: Probe) -> Flag | None:
    """Check whether AutoAttack's strongest attack breaks far more than PGD-20; skip l1, where it always does."""
    if probe.norm == "l1":
        return None
    pgd = probe.right
    for name in PGD_NAMES:
        pgd = pgd & probe.robust_to(named_attack(name, probe.epsilon, probe.norm))
    return gap(pgd, probe.robust_to(probe.strong_attack))


def gap(pgd: Tensor, autoattack: Tensor) -> Flag | None:
    """Return the flag from images (n,) that withstand PGD-20 on both losses, and those that withstand AutoAttack.

    Sound networks with low confidence lose much accuracy from one loss to the other, but few points more than under
    both.
    """
    share = proportion((pgd & ~autoattack).double().mean().item(), len(pgd))
    if share.low <= _THRESHOLD:
        return None
    return Flag(
        name="attack-gap",
        explanation=f"AutoAttack breaks another {share.value:.0%} of images beyond PGD-20 on the cross-entropy and on "
        "the margin. The value is the lower end of the 95 % interval. This network misleads PGD, and may mislead "
        "stronger attacks too.",
        value=share.low,
        threshold=_THRESHOLD,
    )
