"""Check whether gradients predict how the output changes nearby."""

import torch

from rnas.attacks.gradient import input_gradient
from rnas.attacks.losses import margin
from rnas.attacks.state import attacking
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.utils.counter_noise import uniform

_STEP = 1e-3
_DIRECTIONS = 8
_THRESHOLD = 0.4


def check(probe: Probe) -> Flag | None:
    """Check whether changes of the margin, by 1/1000 of the pixel range in random directions, differ from the gradient.

    The error is relative to the greater of both changes, over all images and directions. It is 0 if they agree, 1 if
    the gradient gives no information, and at most 2. It was at most 0.15 for sound networks, and 0.5 and above for
    thresholds like those of MeanSparse (Amini et al., 2024).
    """
    rows = probe.right.nonzero().squeeze(1)
    images, labels = probe.images[rows], probe.labels[rows]
    foreseen, seen = [], []
    with attacking(probe.model):
        batches = zip(torch.split(images, probe.batch_size), torch.split(labels, probe.batch_size), strict=True)
        gradient = torch.cat(
            [input_gradient(lambda points, y=y: margin(probe.model(points), y), x) for x, y in batches]  # type: ignore[misc]
        )
    for number in range(_DIRECTIONS):
        direction = uniform(probe.seed + number, probe.ids[rows], tuple(images.shape[1:])).sign() * _STEP
        foreseen.append((gradient * direction).flatten(1).sum(dim=1))
        there, back = (margin(probe.logits(images + sign * direction), labels) for sign in (1, -1))
        seen.append((there - back) / 2)
    predicted, actual = torch.stack(foreseen).double(), torch.stack(seen).double()
    usable = predicted.isfinite() & actual.isfinite()
    predicted, actual = predicted[usable], actual[usable]
    scale = max(predicted.norm().item(), actual.norm().item())
    error = (predicted - actual).norm().item() / scale if scale else 0.0
    if error <= _THRESHOLD:
        return None
    return Flag(
        name="finite-differences",
        explanation=f"A change of pixels by {_STEP} changes the margin differently from the gradient, by "
        f"{error:.0%} of the change. A layer rounds, clips or draws at random: attack it with an approximation of "
        "its gradient (BPDA; Athalye et al., ICML 2018).",
        value=error,
        threshold=_THRESHOLD,
    )
