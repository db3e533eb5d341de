"""Provide ResNeXt-29 2x64d (Xie et al., CVPR 2017) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.resnet import ResNet
from rnas.networks.zoo import Baseline, Knob


def resnext(width: int) -> ResNet:
    """Return ResNeXt-29 with two groups by the channels of a group in the first stage, which the stem has, too."""
    channels = (2 * width, 4 * width, 8 * width)
    return ResNet("bottleneck", (3, 3, 3), channels, expansion=2, groups=2, stem_channels=width, stem_kernel=1)


BASELINES = (
    Baseline(
        name="resnext-29-2x64d",
        family="resnext",
        network=resnext(64),
        source="Xie, Girshick, Dollar, Tu, He: Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017",
        scaling=Knob("channels of a group in the first stage", "depth, groups and proportions", resnext, 64),
        weight_names=(),
        published=robust_generalization("9.12", "95.64 87.12 51.51 42.66 15.07 13.64 12.18", "80.43 77.76"),
        note=FITS_PUBLIC_CODE,
    ),
)
