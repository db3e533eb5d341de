"""Define TRADES as its authors train it (Zhang et al., ICML 2019)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.trades import TRADES as LOSS
from rnas.training.recipe import Recipe
from rnas.training.schedules.multistep import Multistep

TRADES = Recipe(
    name="trades",
    source="Zhang et al., Theoretically Principled Trade-off between Robustness and Accuracy, ICML 2019",
    note="Steps of .007 at epsilon .031, rounded to 9/40 of epsilon.",
    epochs=76,
    batch_size=128,
    inner_attack=PGDInner(steps=10, step=Fraction(9, 40), loss="kl", noise="gaussian", noise_share=Fraction(1, 31)),
    loss=LOSS(beta=6.0),
    statistics="both",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(74, 76),)),
    momentum=0.9,
    nesterov=False,
    weight_decay=2e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=None,
)
"""Train by TRADES, as its authors do."""
