"""Define the training of the RobNets as released (Guo et al., CVPR 2020)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipe import Recipe
from rnas.training.schedules.cosine import Cosine

ROBNET = Recipe(
    name="robnet",
    source="Guo et al., When NAS Meets Robustness: In Search of Robust Architectures against Adversarial Attacks, "
    "CVPR 2020: the released settings of RobNet-large",
    note="As released, attack steps move BatchNorm's statistics. Its authors say that the paper had others.",
    epochs=170,
    batch_size=1536,
    inner_attack=PGDInner(steps=7, step=Fraction(1, 4), mode="train-updating"),
    loss=CrossEntropy(),
    augmentation=("crop", "flip", "cutout"),
    statistics="adversarial",
    learning_rate=1.2,
    schedule=Cosine(warmup=20 / 170, initial=0.02 / 1.2, final=0.001 / 1.2, every="epoch"),
    momentum=0.9,
    nesterov=False,
    weight_decay=1e-4,
    decay_normalization=False,
    decay_biases=False,
    clip_norm=None,
)
"""Train as the RobNets were trained."""
