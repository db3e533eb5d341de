"""Check whether gradients are zero."""

from rnas.attacks.gradient import zero_gradient_share
from rnas.attacks.names import LossName
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag

_THRESHOLD = 0.05


def check_cross_entropy(probe: Probe) -> Flag | None:
    """Check whether the gradient of the cross-entropy is zero for many images."""
    return _check(
        probe, "cross-entropy", "saturated by large logits or masked: attacks on the cross-entropy do not move"
    )


def check_margin(probe: Probe) -> Flag | None:
    """Check whether the gradient of the margin of the logits is zero for many images."""
    return _check(probe, "margin", "masked: gradient attacks do not move")


def _check(probe: Probe, loss: LossName, meaning: str) -> Flag | None:
    right = probe.right
    if not right.any():
        return None
    share = zero_gradient_share(probe.model, probe.images[right], probe.labels[right], loss)
    if share <= _THRESHOLD:
        return None
    return Flag(
        name=f"zero-gradient-{loss}",
        explanation=f"For {share:.0%} of the images that are classified correctly the gradient of the {loss} is zero "
        f"in every pixel, {meaning} (Athalye et al., ICML 2018).",
        value=share,
        threshold=_THRESHOLD,
    )
