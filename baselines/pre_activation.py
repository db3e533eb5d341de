"""Provide PreActResNet-50 (He et al., ECCV 2016) and WRN-40-10 with biases of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.preactivation import PreActivationResNet
from rnas.networks.zoo import Baseline, Knob


def preact_resnet(channels: int) -> PreActivationResNet:
    """Return PreActResNet-50 by the channels of its first stage."""
    widths = (channels, 2 * channels, 4 * channels, 8 * channels)
    return PreActivationResNet(channels=widths, stem_channels=channels)


def biased_wide_resnet(channels: int) -> PreActivationResNet:
    """Return WRN-40 whose convolutions have a bias by the channels of its first stage."""
    widths = (channels, 2 * channels, 4 * channels)
    return PreActivationResNet("basic", (6, 6, 6), widths, 16, bias=True, raw_shortcut=True, final_normalization=True)


BASELINES = (
    Baseline(
        name="preact-resnet-50",
        family="pre-activation",
        network=preact_resnet(64),
        source="He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016",
        scaling=Knob("channels of the first stage", "depth and proportions", preact_resnet, 64),
        weight_names=(),
        published=robust_generalization("23.50", "95.86 87.96 54.85 45.81 18.60 16.46 15.11", "82.18 78.99"),
        note=FITS_PUBLIC_CODE,
    ),
    Baseline(
        name="wrn-40-10-biased",
        family="pre-activation",
        network=biased_wide_resnet(160),
        source="Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016",
        scaling=Knob("channels of the first stage", "depth and proportions", biased_wide_resnet, 160),
        weight_names=(),
        published=robust_generalization("55.85", "96.47 89.54 55.17 44.13 22.55 23.68 20.88", "83.91 81.48"),
        note=f"{FITS_PUBLIC_CODE}, of which two differ in where the stride is; their dropout is left out. The "
        "accuracies on corrupted images are damaged in the slides and were read from two partial copies",
    ),
)
