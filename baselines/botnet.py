"""Provide BoTNet-50 (Srinivas et al., CVPR 2021) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.resnet import ResNet
from rnas.networks.zoo import Baseline, Knob


def botnet(channels: int) -> ResNet:
    """Return BoTNet-50 by the channels of its first stage."""
    widths = (channels, 2 * channels, 4 * channels, 8 * channels)
    return ResNet("bottleneck", (3, 4, 6, 3), widths, attention_heads=4, shortcut_bias=True)


BASELINES = (
    Baseline(
        name="botnet-50",
        family="botnet",
        network=botnet(64),
        source="Srinivas et al.: Bottleneck Transformers for Visual Recognition, CVPR 2021",
        scaling=Knob("channels of the first stage", "depth, heads and proportions", botnet, 64),
        weight_names=(),
        published=robust_generalization("18.82", "94.16 80.76 51.29 42.95 25.84 27.38 23.15", "81.04 72.72"),
        note=f"{FITS_PUBLIC_CODE}; the size does not show the number of heads, and the dropout before the last layer "
        "is left out",
    ),
)
