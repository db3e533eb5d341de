"""Provide CCT-7/3x1 (Hassani et al., 2021) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.cct import CompactTransformer
from rnas.networks.zoo import Baseline, Knob


def cct(width: int) -> CompactTransformer:
    """Return CCT-7/3x1 by its width, a multiple of 4."""
    return CompactTransformer(width, hidden=2 * width)


BASELINES = (
    Baseline(
        name="cct",
        family="cct",
        network=cct(256),
        source="Hassani et al.: Escaping the Big Data Paradigm with Compact Transformers, 2021",
        scaling=Knob("width", "depth, heads and proportions", cct, 256, step=4),
        weight_names=(),
        published=robust_generalization("3.76", "92.27 81.23 49.21 40.97 28.29 34.59 26.82", "78.99 72.56"),
        note=f"{FITS_PUBLIC_CODE}; its dropout in attention and its drop path, 0.1 each, are left out",
    ),
)
