"""Provide PoolFormer-S12 (Yu et al., CVPR 2022) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.poolformer import PoolFormer
from rnas.networks.zoo import Baseline, Knob


def poolformer(channels: int) -> PoolFormer:
    """Return PoolFormer-S12 by the channels of its first stage."""
    return PoolFormer(channels=(channels, 2 * channels, 5 * channels, 8 * channels))


BASELINES = (
    Baseline(
        name="poolformer",
        family="poolformer",
        network=poolformer(64),
        source="Yu et al.: MetaFormer Is Actually What You Need for Vision, CVPR 2022",
        scaling=Knob("channels of the first stage", "depth and proportions", poolformer, 64),
        weight_names=(),
        published=robust_generalization("11.39", "89.26 73.66 46.33 38.93 28.84 34.32 27.36", "77.57 66.45"),
        note=f"{FITS_PUBLIC_CODE} but for the first convolution, 3x3 or 2x2 by the size; its stride is not known",
    ),
)
