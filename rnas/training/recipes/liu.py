"""Define the training of twenty architectures from CNNs to Transformers (Liu et al., CVPR 2023)."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.optimizer import AdamW
from rnas.training.recipe import Recipe
from rnas.training.schedules.cosine import Cosine

_SCHEDULE = Cosine(warmup=8 / 100, hold=1 / 100, length=1.0, final=5e-6 / 1e-4, every="epoch")

LIU = Recipe(
    name="liu",
    source="Liu et al., Exploring the Relationship between Architectural Design and Adversarially Robust "
    "Generalization, CVPR 2023: PGD adversarial training",
    note="Settings are the defaults of the released script. Learning rate and weight decay are published for ViT alone "
    "(recipe liu-vit): those of the other 19 architectures are unknown, and so is the strength of l1 in the paper's "
    "experiment on sparsity (here recipe.l1, 0). As released, the first epoch has learning rate 0, the cosine is as "
    "long as the whole training and so cut off at 9/10, and all parameters decay; there is no drop path and no decay "
    "of the learning rate over layers. The paper's standard training is the same with inner_attack null. The paper "
    "keeps the epoch with the best clean test accuracy; rnas chooses on val images.",
    epochs=100,
    batch_size=128,
    inner_attack=PGDInner(steps=15, step=Fraction(1, 10)),
    loss=CrossEntropy(),
    augmentation=("autoaugment", "crop", "flip"),
    statistics="adversarial",
    learning_rate=1e-4,
    schedule=_SCHEDULE,
    optimizer=AdamW(),
    momentum=0.9,
    nesterov=False,
    weight_decay=0.01,
    decay_normalization=True,
    decay_biases=True,
    clip_norm=None,
)
"""Train as Liu et al. train, by the defaults of their script."""

LIU_VIT = LIU.model_copy(
    update={
        "name": "liu-vit",
        "note": f"Learning rate and weight decay are those published for ViT. {LIU.note}",
        "learning_rate": 2.5e-4,
        "weight_decay": 0.05,
        "schedule": _SCHEDULE.model_copy(update={"final": 5e-6 / 2.5e-4}),
    }
)
"""Train as Liu et al. train ViT."""
