"""Check whether a network computes gradients while it classifies."""

import sys
from types import CodeType, FrameType
from typing import Any

import torch

from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag

_GRADIENTS: tuple[CodeType, ...] = (torch.autograd.grad.__code__, torch.autograd.backward.__code__)


def check(probe: Probe) -> Flag | None:
    """Check whether the network asks torch for a gradient while it classifies (Croce et al., ICML 2022)."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        if event == "call" and frame.f_code in _GRADIENTS:
            calls += 1

    # The profiler's hook is used because coverage and debuggers use the tracer's.
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        probe.logits(probe.images[:1])
    finally:
        sys.setprofile(before)
    if calls == 0:
        return None
    return Flag(
        name="hidden-optimization",
        explanation="The network computes gradients while it classifies: it optimises for each image. Attacks cannot "
        "differentiate through that; evaluate with attacks made for this defence.",
        value=calls,
        threshold=0,
    )
