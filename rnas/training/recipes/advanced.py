"""Define the advanced adversarial training of the RobustResNet paper, after Gowal et al. (2020)."""

from fractions import Fraction

from rnas.training.averaging import EMA
from rnas.training.inner_attack import PGDInner
from rnas.training.losses.trades import TRADES
from rnas.training.recipe import Recipe
from rnas.training.schedules.one_cycle import OneCycle

AAT = Recipe(
    name="aat",
    source="Huang et al., Revisiting Residual Networks for Adversarial Robustness, CVPR 2023: advanced training, after "
    "Gowal et al., Uncovering the Limits of Adversarial Training against Norm-Bounded Adversarial Examples, 2020",
    note="Needs extra data: 500K pseudo-labelled images in the paper. All affine parameters of BatchNorm are kept from "
    "decay; the released code misses those of the last layer. Momentum cycles between .85 and .95 against the learning "
    "rate, as torch's OneCycleLR does unless told otherwise.",
    epochs=400,
    batch_size=1024,
    inner_attack=PGDInner(steps=10, step=Fraction(1, 4), loss="kl", mode="train"),
    loss=TRADES(beta=6.0),
    label_smoothing=0.1,
    extra_fraction=0.7,
    statistics="adversarial",
    normalization_momentum=0.01,
    learning_rate=0.4,
    schedule=OneCycle(peak=0.025, initial=1 / 25, final=1 / 25e4, shape="cosine", momenta=(0.85, 0.95), every="epoch"),
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    decay_normalization=False,
    decay_biases=True,
    clip_norm=None,
    averaging=EMA(decay=0.995, warmup=0.025, ramp=True),
    activation="silu",
)
"""Advanced adversarial training of the RobustResNet paper, with extra data."""
