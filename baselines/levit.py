"""Provide LeViT (Graham et al., ICCV 2021) of the study of robust generalisation."""

from baselines.sources import FITS_SIZE_ALONE, robust_generalization
from rnas.networks.levit import LeViT
from rnas.networks.zoo import Baseline, Knob


def levit(channels: int) -> LeViT:
    """Return the network by the channels of its first stage, an even number."""
    widths = (channels, 2 * channels, 4 * channels)
    return LeViT(stem=(channels // 2, channels, 2 * channels), channels=widths)


BASELINES = (
    Baseline(
        name="levit",
        family="levit",
        network=levit(64),
        source="Graham et al.: LeViT: a Vision Transformer in ConvNet Clothing for Faster Inference, ICCV 2021",
        scaling=Knob("channels of the first stage", "depth, heads and their channels", levit, 64, step=2),
        weight_names=(),
        published=robust_generalization("6.67", "89.01 77.10 47.16 39.87 26.28 29.58 25.04", "78.31 70.48"),
        note=f"{FITS_SIZE_ALONE}; the strides of the stem are not known",
    ),
)
