"""Provide Swin-T (Liu et al., ICCV 2021) of the study of robust generalisation."""

from baselines.sources import FITS_SIZE_ALONE, robust_generalization
from rnas.networks.swin import Swin
from rnas.networks.zoo import Baseline, Knob


def swin(channels: int) -> Swin:
    """Return Swin-T by the channels of its first stage."""
    return Swin(channels=(channels, 2 * channels, 4 * channels, 8 * channels))


BASELINES = (
    Baseline(
        name="swin",
        family="swin",
        network=swin(96),
        source="Liu et al.: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows, ICCV 2021",
        scaling=Knob("channels of the first stage", "depth, heads and windows", swin, 96),
        weight_names=(),
        published=robust_generalization("27.42", "91.58 80.44 48.61 41.31 26.58 30.47 25.04", "77.61 71.36"),
        note=f"{FITS_SIZE_ALONE}: the second merge must be missing; windows of 2x2 have that size, too",
    ),
)
