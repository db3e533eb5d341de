"""Check whether outputs are probabilities and not logits."""

from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag

_ROUNDING = 1e-4
_THRESHOLD = 0.5


def check(probe: Probe) -> Flag | None:
    """Check whether the outputs for most images lie in [0, 1] and sum to 1."""
    outputs = probe.logits(probe.images)
    inside = ((outputs >= -_ROUNDING) & (outputs <= 1 + _ROUNDING)).all(dim=1)
    sums = (outputs.sum(dim=1) - 1).abs() <= _ROUNDING
    share = (inside & sums).double().mean().item()
    if share <= _THRESHOLD:
        return None
    return Flag(
        name="probabilities",
        explanation=f"For {share:.0%} of images the outputs are probabilities. Attacks need logits: a cross-entropy "
        "takes the softmax again, and has almost no gradient for confident images. Remove the last softmax.",
        value=share,
        threshold=_THRESHOLD,
    )
