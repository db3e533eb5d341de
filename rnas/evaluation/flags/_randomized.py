"""Check whether a network gives different answers each time."""

import torch
import torch.nn.functional as F

from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag

_THRESHOLD = 1e-4


def check(probe: Probe) -> Flag | None:
    """Check whether the logits of two runs differ in direction by more than rounding (Croce and Hein, 2021)."""
    first, second = (F.normalize(probe.logits(probe.images).nan_to_num(0, 0, 0), dim=1) for _ in range(2))
    difference = torch.linalg.vector_norm(first - second, dim=1).max().item()
    if difference <= _THRESHOLD:
        return None
    return Flag(
        name="randomized",
        explanation="The network gives the same images different logits each time. Attacks follow the gradient of "
        "one draw: average gradients over many draws, and classify many times.",
        value=difference,
        threshold=_THRESHOLD,
    )
