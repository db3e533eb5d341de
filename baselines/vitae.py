"""Provide ViTAE-S (Xu et al., NeurIPS 2021) of the study of robust generalisation."""

from baselines.sources import FITS_SIZE_ALONE, robust_generalization
from rnas.networks.vitae import ViTAE
from rnas.networks.zoo import Baseline, Knob


def vitae(width: int) -> ViTAE:
    """Return the network by the channels of its cells, a multiple of 12."""
    return ViTAE(width // 6, (width // 4 // 2 * 2, width // 6 * 3, width))


BASELINES = (
    Baseline(
        name="vitae",
        family="vitae",
        network=vitae(384),
        source="Xu et al.: ViTAE: Vision Transformer Advanced by Exploring Intrinsic Inductive Bias, NeurIPS 2021",
        scaling=Knob("channels of the cells", "depth, heads and proportions", vitae, 384, step=12),
        weight_names=(),
        published=robust_generalization("23.18", "88.24 75.42 40.53 33.22 29.67 40.02 28.13", "75.86 67.58"),
        note=f"{FITS_SIZE_ALONE}, and weakly; the authors' own ViTAE-S is larger. The dropout of 0.1 is left out",
    ),
)
