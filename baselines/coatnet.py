"""Provide CoAtNet-0 (Dai et al., NeurIPS 2021) of the study of robust generalisation, and its other layouts."""

from functools import partial

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.conv_attention import ConvAttention
from rnas.networks.zoo import Baseline, Knob, Published


def coatnet(layout: str, channels: int) -> ConvAttention:
    """Return CoAtNet-0 by the layout of its stages and the channels of the first, a multiple of 3."""
    widths = (channels, 2 * channels, 4 * channels, 8 * channels)
    return ConvAttention(layout, channels=widths, stem_channels=2 * channels // 3)


def _baseline(name: str, layout: str, published: tuple[Published, ...]) -> Baseline:
    network = partial(coatnet, layout)
    return Baseline(
        name=name,
        family="coatnet",
        network=network(96),
        source="Dai, Liu, Le, Tan: CoAtNet: Marrying Convolution and Attention for All Data Sizes, NeurIPS 2021",
        scaling=Knob("channels of the first stage", "layout, depth, heads and proportions", network, 96, step=3),
        weight_names=(),
        published=published,
        note=f"{FITS_PUBLIC_CODE}, for all five layouts",
    )


BASELINES = (
    _baseline(
        "coatnet", "CCTT", robust_generalization("16.99", "90.73 77.73 48.27 39.85 33.80 42.30 32.17", "79.91 70.27")
    ),
    _baseline("coatnet-cttt", "CTTT", robust_generalization("17.36", "90.83 74.25 45.70 37.27 31.95 40.15 30.30")),
    _baseline("coatnet-cttc", "CTTC", robust_generalization("17.02", "91.13 77.84 46.61 37.89 31.61 39.88 29.96")),
    _baseline("coatnet-ctcc", "CTCC", robust_generalization("16.38", "90.69 78.71 42.36 34.56 27.84 37.19 26.69")),
    _baseline("coatnet-cccc", "CCCC", robust_generalization("16.02", "91.41 79.14 43.71 35.59 29.03 38.68 27.64")),
)
