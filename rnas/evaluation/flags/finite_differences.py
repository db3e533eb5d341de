"""Gradients that do not tell how the network answers nearby."""

import torch

from rnas.attacks.gradient import input_gradient
from rnas.attacks.losses import margin
from rnas.attacks.state import attacking
from rnas.evaluation.flags.flag import Flag
from rnas.evaluation.flags.probe import Probe
from rnas.utils.counter_noise import uniform

_STEP = 1e-3
_DIRECTIONS = 8
_THRESHOLD = 0.4


def check(probe: Probe) -> Flag | None:
    """Whether changes of the margin, by 1/1000 of the range of pixels in random directions, are not the gradient's.

    The error is relative to the greater of both changes, over all images and directions: 0 where they agree, 1 where
    the gradient says nothing, at most 2. Of honest networks it was 0.15 at most, of thresholds like those of
    MeanSparse (Amini et al., 2024) 0.5 and above.
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
        explanation=f"A change of pixels by {_STEP} changes the margin otherwise than the gradient says, by "
        f"{error:.0%} of the change. A layer rounds, cuts off or draws at random: attack it with an approximation of "
        "its gradient (BPDA; Athalye et al., ICML 2018).",
        value=error,
        threshold=_THRESHOLD,
    )
