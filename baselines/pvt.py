"""Provide PVTv2 (Wang et al., CVMJ 2022) of the study of robust generalisation, with three sizes of patch."""

from functools import partial

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.networks.zoo import Baseline, Knob, Published


def pvt(patch: int, channels: int) -> PyramidVisionTransformer:
    """Return PVTv2-B1 with linear spatial reduction by its patch and the channels of its first stage."""
    return PyramidVisionTransformer(patch, channels=(channels, 2 * channels, 5 * channels, 8 * channels))


def _baseline(name: str, patch: int, published: tuple[Published, ...]) -> Baseline:
    network = partial(pvt, patch)
    return Baseline(
        name=name,
        family="pvt",
        network=network(64),
        source="Wang et al.: PVT v2: Improved Baselines with Pyramid Vision Transformer, CVMJ 2022",
        scaling=Knob("channels of the first stage", "patch, depth, heads and proportions", network, 64),
        weight_names=(),
        published=published,
        note=f"{FITS_PUBLIC_CODE}, B1 with linear spatial reduction; so does a first convolution of 5x5 or 4x4",
    )


BASELINES = (
    _baseline("pvtv2", 4, robust_generalization("12.40", "88.34 75.99 46.48 38.18 35.77 46.14 33.54", "79.84 69.12")),
    _baseline("pvtv2-patch-2", 2, robust_generalization(None, "93.03 83.80 52.34 44.04 32.49 39.63 31.16")),
    _baseline("pvtv2-patch-1", 1, robust_generalization(None, "94.60 87.50 54.59 46.58 23.47 24.76 21.10")),
)
