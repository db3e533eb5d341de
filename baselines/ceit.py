"""Provide CeiT-T (Yuan et al., ICCV 2021) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.ceit import CeiT
from rnas.networks.zoo import Baseline, Knob


def ceit(width: int) -> CeiT:
    """Return CeiT-T by its width, a multiple of 3."""
    return CeiT(width=width)


BASELINES = (
    Baseline(
        name="ceit",
        family="ceit",
        network=ceit(192),
        source="Yuan et al.: Incorporating Convolution Designs into Visual Transformers, ICCV 2021",
        scaling=Knob("width", "stem, depth and heads", ceit, 192, step=3),
        weight_names=(),
        published=robust_generalization("5.56", "85.24 71.55 36.20 28.02 15.31 16.77 14.35", "73.99 65.07"),
        note=f"{FITS_PUBLIC_CODE} with 4 tokens; 16 have that size, too",
    ),
)
