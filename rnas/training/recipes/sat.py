"""Define standard adversarial training with PGD (Madry et al., ICLR 2018)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipe import Recipe
from rnas.training.schedules.cosine import Cosine
from rnas.training.schedules.multistep import Multistep

SAT = Recipe(
    name="sat",
    source="Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018; settings of Rice, "
    "Wong and Kolter, Overfitting in Adversarially Robust Deep Learning, ICML 2020",
    note="Crafts in eval mode; the released code crafts in training mode and lets it move BatchNorm's statistics.",
    epochs=200,
    batch_size=128,
    inner_attack=PGDInner(steps=10, step=Fraction(1, 4)),
    loss=CrossEntropy(),
    statistics="adversarial",
    learning_rate=0.1,
    schedule=Multistep(milestones=(Fraction(1, 2), Fraction(3, 4))),
    momentum=0.9,
    nesterov=False,
    weight_decay=5e-4,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=None,
)
"""Standard adversarial training with PGD."""

SHORT_SAT = SAT.model_copy(
    update={
        "name": "short-sat",
        "source": "Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018",
        "note": "Schedule, momentum and clipping are ours: for the short trainings of a search.",
        "epochs": 15,
        "schedule": Cosine(warmup=0.1),
        "nesterov": True,
        "clip_norm": 5.0,
    }
)
"""Standard adversarial training of a few epochs."""
