"""Define free adversarial training (Shafahi et al., NeurIPS 2019)."""

from fractions import Fraction

from rnas.training.inner_attack import FreeAT
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipe import Recipe
from rnas.training.schedules.multistep import Multistep

FREE = Recipe(
    name="free",
    source="Shafahi et al., Adversarial Training for Free!, NeurIPS 2019",
    note="25 epochs of 8 replays are 200 passes. As released, only weights of convolutions and linear layers decay.",
    epochs=25,
    batch_size=128,
    inner_attack=FreeAT(replays=8),
    loss=CrossEntropy(),
    statistics="adversarial",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(1, 2), Fraction(3, 4))),
    momentum=0.9,
    nesterov=False,
    weight_decay=2e-4,
    decay_normalization=False,
    decay_biases=False,
    clip_norm=None,
)
"""Free adversarial training, which replays each batch."""
