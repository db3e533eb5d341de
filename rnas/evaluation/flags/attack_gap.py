"""AutoAttack breaking far more than PGD."""

from torch import Tensor

from rnas.attacks.named import named_attack
from rnas.evaluation.flags.flag import Flag
from rnas.evaluation.flags.probe import Probe
from rnas.statistics.proportions import proportion

PGD_NAMES = ("pgd20", "pgd20-margin")
"""The attacks that AutoAttack is compared with."""

_THRESHOLD = 0.05


def check(probe: Probe) -> Flag | None:
    """Whether the strongest part of AutoAttack breaks far more images than PGD-20; in the l1 ball it always does."""
    if probe.norm == "l1":
        return None
    pgd = probe.right
    for name in PGD_NAMES:
        pgd = pgd & probe.robust_to(named_attack(name, probe.epsilon, probe.norm))
    return gap(pgd, probe.robust_to(probe.strong_attack))


def gap(pgd: Tensor, autoattack: Tensor) -> Flag | None:
    """The flag of images (n,) that withstand PGD-20 on both losses, and of those that withstand AutoAttack.

    Honest networks that are unsure of everything lose much from the one loss to the other, but few points of accuracy
    beyond both.
    """
    share = proportion((pgd & ~autoattack).double().mean().item(), len(pgd))
    if share.low <= _THRESHOLD:
        return None
    return Flag(
        name="attack-gap",
        explanation=f"AutoAttack breaks another {share.value:.0%} of images beyond PGD-20 on the cross-entropy and on "
        "the margin. The value is the lower end of the 95 % interval. PGD is misled by this network, and stronger "
        "attacks may be too.",
        value=share.low,
        threshold=_THRESHOLD,
    )
