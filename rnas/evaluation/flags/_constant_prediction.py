"""Check whether a network gives one answer to all images."""

from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag

_THRESHOLD = 0.99
_LEAST_IMAGES = 10


def check(probe: Probe) -> Flag | None:
    """Check whether nearly all images get one class, although they belong to several."""
    labels = probe.labels
    if len(labels) < _LEAST_IMAGES or bool((labels == labels[0]).all()):
        return None
    logits = probe.logits(probe.images)
    share = logits.argmax(1).bincount(minlength=logits.shape[1]).max().item() / len(labels)
    if share <= _THRESHOLD:
        return None
    return Flag(
        name="constant-prediction",
        explanation=f"The network gives {share:.0%} of the images one class. No attack changes that answer, and it is "
        "right for the images of that class: its accuracy under attack means nothing.",
        value=share,
        threshold=_THRESHOLD,
    )
