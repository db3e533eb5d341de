"""Define MART as its authors train it (Wang et al., ICLR 2020)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.mart import MART as LOSS
from rnas.training.recipe import Recipe
from rnas.training.schedules.multistep import Multistep

MART = Recipe(
    name="mart",
    source="Wang et al., Improving Adversarial Robustness Requires Revisiting Misclassified Examples, ICLR 2020: "
    "settings for wide residual networks",
    note="Steps of .007 at epsilon .031, rounded to 9/40 of epsilon.",
    epochs=90,
    batch_size=128,
    inner_attack=PGDInner(steps=10, step=Fraction(9, 40), noise="gaussian", noise_share=Fraction(1, 31)),
    loss=LOSS(beta=6.0),
    statistics="both",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(74, 90), Fraction(89, 90))),
    momentum=0.9,
    nesterov=False,
    weight_decay=7e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=None,
)
"""Train by MART, as its authors do."""
