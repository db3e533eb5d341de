"""Provide ViT (Dosovitskiy et al., ICLR 2021) and CPVT (Chu et al., ICLR 2023) of a study of generalisation."""

from functools import partial
from typing import Any

from baselines.sources import FITS_PUBLIC_CODE, FITS_SIZE_ALONE, robust_generalization
from rnas.networks.vit import VisionTransformer
from rnas.networks.zoo import Baseline, Knob, Published

_VIT = "Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021"
_CPVT = "Chu et al.: Conditional Positional Encodings for Vision Transformers, ICLR 2023"
_DROPOUT = "the dropout of 0.1 of that module is left out"


def vit(patch: int, width: int) -> VisionTransformer:
    """Return the Vision Transformer of the study by its patch and width."""
    return VisionTransformer(patch, width, hidden=width, head_hidden=width, scaled_by="width")


def cpvt(width: int) -> VisionTransformer:
    """Return the network with conditional positions by its width."""
    return VisionTransformer(4, width, hidden=width, positions="conditional", readout="mean", scaled_by="width")


def _baseline(name: str, source: str, network: Any, published: tuple[Published, ...], note: str) -> Baseline:
    return Baseline(
        name=name,
        family="vit",
        network=network(512),
        source=source,
        scaling=Knob("width", "patch, depth, heads and proportions", network, 512, step=8),
        weight_names=(),
        published=published,
        note=note,
    )


BASELINES = (
    _baseline(
        "vit",
        _VIT,
        partial(vit, 4),
        robust_generalization("9.78", "86.73 78.76 46.02 38.00 30.86 39.27 29.24", "77.06 71.87"),
        f"{FITS_PUBLIC_CODE}; {_DROPOUT}",
    ),
    _baseline(
        "vit-patch-8",
        _VIT,
        partial(vit, 8),
        robust_generalization(None, "82.30 72.39 42.77 35.04 32.74 42.61 30.72"),
        f"{FITS_PUBLIC_CODE}; {_DROPOUT}",
    ),
    _baseline(
        "vit-patch-2",
        _VIT,
        partial(vit, 2),
        robust_generalization(None, "85.99 77.37 45.45 37.95 25.36 30.15 23.78"),
        f"{FITS_PUBLIC_CODE}; {_DROPOUT}",
    ),
    _baseline(
        "cpvt",
        _CPVT,
        cpvt,
        robust_generalization("9.49", "90.34 78.57 45.02 36.73 30.15 39.22 28.47", "79.66 70.74"),
        f"{FITS_SIZE_ALONE}: with those of vit; a class token or a deeper and narrower encoder have the same size",
    ),
)
