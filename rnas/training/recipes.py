"""The recipes that rnas ships; others are registered under ``rnas.recipes``."""

from fractions import Fraction

from rnas.training.recipe import Recipe

SAT = Recipe(
    name="sat",
    source="Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018",
    attack="pgd",
    attack_steps=10,
    attack_step=Fraction(1, 4),
    learning_rate=0.1,
    warmup=0.1,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    decay_normalization=True,
    clip_norm=5.0,
)

FGSM_RS = Recipe(
    name="fgsm-rs",
    source="Wong, Rice and Kolter, Fast is Better than Free: Revisiting Adversarial Training, ICLR 2020",
    attack="fgsm-rs",
    attack_steps=1,
    attack_step=Fraction(5, 4),
    learning_rate=0.1,
    warmup=0.4,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    decay_normalization=True,
    clip_norm=5.0,
)
