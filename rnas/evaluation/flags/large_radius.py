"""Images that stay right when anything may be added."""

from fractions import Fraction
from math import isqrt

from rnas.attacks.pgd import PGD
from rnas.evaluation.flags.flag import Flag
from rnas.evaluation.flags.probe import Probe
from rnas.statistics.proportions import proportion


def check(probe: Probe) -> Flag | None:
    """Whether PGD leaves more images right than one class has, in a ball that holds a plain grey image.

    Half the range of pixels makes any image grey, and of equal images at most the greatest class is right.
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
        explanation=f"{left.value:.0%} of images withstand PGD in a ball so large that it makes any image plain grey. "
        "The attack fails, not the adversary (Carlini et al., 2019). The value is the lower end of the 95 % interval, "
        "the threshold the share of the greatest class.",
        value=left.low,
        threshold=chance,
    )
