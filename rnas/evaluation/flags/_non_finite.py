"""Check whether logits are finite."""

import torch

from rnas.attacks.pgd import PGD
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag


def check(probe: Probe) -> Flag | None:
    """Check whether any image, clean or after one step of PGD, has logits that are not finite."""
    rows = torch.arange(len(probe.images), device=probe.images.device)
    stepped = probe.attacked(PGD(probe.epsilon, 1, norm=probe.norm), rows)
    finite = [probe.logits(images).isfinite().all(dim=1) for images in (probe.images, stepped)]
    share = 1 - (finite[0] & finite[1]).double().mean().item()
    if share == 0:
        return None
    return Flag(
        name="non-finite-logits",
        explanation=f"{share:.0%} of images, clean or after one step of PGD, have logits that are NaN or "
        "infinite. They count as broken here; other software may call them right, because it uses argmax.",
        value=share,
        threshold=0.0,
    )
