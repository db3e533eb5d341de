"""Provide MobileViT-S (Mehta, Rastegari, ICLR 2022) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.mobilevit import MobileViT
from rnas.networks.zoo import Baseline, Knob


def mobilevit(channels: int) -> MobileViT:
    """Return MobileViT-S by the channels of its stem."""
    c = channels
    return MobileViT((c, 2 * c, 4 * c, 6 * c, 8 * c, 10 * c), widths=(9 * c, 12 * c, 15 * c))


BASELINES = (
    Baseline(
        name="mobilevit",
        family="mobilevit",
        network=mobilevit(16),
        source="Mehta, Rastegari: MobileViT: Light-weight, Mobile-friendly Vision Transformer, ICLR 2022",
        scaling=Knob("channels of the stem", "depth, heads and proportions", mobilevit, 16),
        weight_names=(),
        published=robust_generalization("5.00", "91.47 77.52 49.51 41.50 26.96 29.35 24.41", "80.48 70.15"),
        note=f"{FITS_PUBLIC_CODE}; which of its strides was left out for small images is not known",
    ),
)
