"""Define the baseline adversarial training of the RobustResNet paper: TRADES, SAT or MART with equal settings."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.losses.mart import MART
from rnas.training.losses.trades import TRADES
from rnas.training.recipe import Recipe
from rnas.training.schedules.multistep import Multistep

_SOURCE = "Huang et al., Revisiting Residual Networks for Adversarial Robustness, CVPR 2023: baseline training"

# Steps are 2/255 at 8/255. The released code starts TRADES at .001 times a normal variable, the others at a step
# times it.
_ON_THE_LABEL = PGDInner(steps=10, step=Fraction(1, 4), noise="gaussian", noise_share=Fraction(1, 4))
_ON_THE_DIVERGENCE = PGDInner(
    steps=10, step=Fraction(1, 4), loss="kl", noise="gaussian", noise_share=Fraction(51, 1600)
)

BAT = Recipe(
    name="bat",
    source=_SOURCE,
    note="Weight decay reaches the affine parameters of BatchNorm, as in the released code. Augmentation for "
    "CIFAR-100 there also rotates by up to 20 degrees: augmentation [crop, flip, rotate].",
    epochs=100,
    batch_size=128,
    inner_attack=_ON_THE_DIVERGENCE,
    loss=TRADES(beta=6.0),
    statistics="both",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(3, 4), Fraction(9, 10))),
    momentum=0.9,
    nesterov=False,
    weight_decay=2e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=5.0,
)
"""Baseline adversarial training of the RobustResNet paper, by TRADES."""

BAT_SAT = BAT.model_copy(
    update={"name": "bat-sat", "inner_attack": _ON_THE_LABEL, "loss": CrossEntropy(), "statistics": "adversarial"}
)
"""Baseline adversarial training of the RobustResNet paper, by SAT."""

BAT_MART = BAT.model_copy(update={"name": "bat-mart", "inner_attack": _ON_THE_LABEL, "loss": MART(beta=6.0)})
"""Baseline adversarial training of the RobustResNet paper, by MART."""
