"""Define the training of AdvRush's networks as released (Mok et al., ICCV 2021)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipe import Recipe
from rnas.training.schedules.multistep import Multistep

ADVRUSH = Recipe(
    name="advrush",
    source="Mok et al., AdvRush: Searching for Adversarially Robust Neural Architectures, ICCV 2021",
    note="As released, BatchNorm sees the images as they are before each attack.",
    epochs=200,
    batch_size=64,
    inner_attack=PGDInner(steps=7, step=Fraction(10, 31), noise="gaussian", noise_share=Fraction(1, 31)),
    loss=CrossEntropy(),
    statistics="both",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(99, 200), Fraction(149, 200))),
    momentum=0.9,
    nesterov=False,
    weight_decay=1e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=5.0,
)
"""Train as the networks of AdvRush were trained."""
