"""Provide CvT-13 (Wu et al., ICCV 2021) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.cvt import CvT
from rnas.networks.zoo import Baseline, Knob


def cvt(channels: int) -> CvT:
    """Return CvT-13 by the channels of its first stage."""
    return CvT(channels=(channels, 3 * channels, 6 * channels))


BASELINES = (
    Baseline(
        name="cvt",
        family="cvt",
        network=cvt(64),
        source="Wu et al.: CvT: Introducing Convolutions to Vision Transformers, ICCV 2021",
        scaling=Knob("channels of the first stage", "depth and heads", cvt, 64),
        weight_names=(),
        published=robust_generalization("19.54", "87.81 73.76 41.36 33.67 12.75 9.25 8.76", "75.10 66.28"),
        note=f"{FITS_PUBLIC_CODE} but for the first convolution, of side 1 to 4 by the size and unknown stride",
    ),
)
