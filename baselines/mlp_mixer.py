"""Provide MLP-Mixer (Tolstikhin et al., NeurIPS 2021) of the study of robust generalisation."""

from baselines.sources import FITS_PUBLIC_CODE, robust_generalization
from rnas.networks.mixer import MLPMixer
from rnas.networks.zoo import Baseline, Knob


def mixer(width: int) -> MLPMixer:
    """Return the network by its width, an even number."""
    return MLPMixer(width=width, token_hidden=4 * width, channel_hidden=width // 2)


BASELINES = (
    Baseline(
        name="mlp-mixer",
        family="mlp-mixer",
        network=mixer(128),
        source="Tolstikhin et al.: MLP-Mixer: An all-MLP Architecture for Vision, NeurIPS 2021",
        scaling=Knob("width", "patch, depth and proportions", mixer, 128, step=2),
        weight_names=(),
        published=robust_generalization("0.68", "83.43 62.86 38.93 31.81 29.27 36.50 27.42", "70.70 57.09"),
        note=FITS_PUBLIC_CODE,
    ),
)
