"""Define one-step adversarial training: FGSM-RS and N-FGSM, with a guard against catastrophic overfitting."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipe import Recipe
from rnas.training.schedules.one_cycle import OneCycle

FGSM_RS = Recipe(
    name="fgsm-rs",
    source="Wong, Rice and Kolter, Fast is Better than Free: Revisiting Adversarial Training, ICLR 2020",
    note="Crafts in eval mode; the released code crafts in training mode and lets it move BatchNorm's statistics.",
    epochs=15,
    batch_size=128,
    inner_attack=PGDInner(steps=1, step=Fraction(5, 4)),
    loss=CrossEntropy(),
    statistics="adversarial",
    learning_rate=0.2,
    schedule=OneCycle(peak=0.5),
    momentum=0.9,
    nesterov=False,
    weight_decay=5e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=None,
    overfitting_guard=0.2,
)
"""Adversarial training by one step from a random start."""

N_FGSM = FGSM_RS.model_copy(
    update={
        "name": "n-fgsm",
        "source": "de Jorge et al., Make Some Noise: Reliable and Efficient Single-Step Adversarial Training, "
        "NeurIPS 2022",
        "note": "Its training images may leave the ball: noise of twice epsilon, one step of epsilon, no projection. "
        "Crafts in eval mode; the released code crafts in training mode. The guard is ours.",
        "epochs": 30,
        "inner_attack": PGDInner(steps=1, step=Fraction(1), noise_share=Fraction(2), projection=False),
    }
)
"""Adversarial training by one step from noise that is not clipped."""
