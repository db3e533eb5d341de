"""Check whether images stay correct when almost any change is allowed."""

from fractions import Fraction
from math import isqrt

from rnas.attacks.pgd import PGD
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.statistics.proportions import proportion


def check(probe: Probe) -> Flag | None:
    """Check whether PGD leaves more images correct than one class has, in a ball that contains a plain grey image.

    Half the pixel range is enough to make any image grey, and among equal images at most the largest class is right.
    """
    pixels = probe.images[0].numel()
    radius = {"linf": Fraction(1, 2), "l2": Fraction(isqrt(pixels) + 1, 2), "l1": Fraction(pixels, 2)}[probe.norm]
    attack = PGD(radius, 20, Fraction(1, 10), "margin", norm=probe.norm)
    left = proportion(probe.robust_to(attack).double().mean().item(), len(probe.labels))
    chance = probe.labels.bincount().max().item() / len(probe.labels)
    if left.low <= chance:
        return None
    return Flag(
        name="large-radius",
        explanation=f"{left.value:.0%} of images withstand PGD in a ball so large that it can make any image plain "
        "grey. The attack fails, but no real adversary would (Carlini et al., 2019). The value is the lower end of "
        "the 95 % interval, the threshold the share of the largest class.",
        value=left.low,
        threshold=chance,
    )
