"""Define the timed trainings, and count what each computes."""

from fractions import Fraction

from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.training.recipes.baseline import BAT, BAT_SAT
from rnas.training.recipes.fast import FGSM_RS

EPSILON = Fraction(8, 255)

# A low learning rate keeps the weights finite on random labels. The guard would be timed in every run.
_CALM = {"learning_rate": 0.01, "overfitting_guard": None}

RECIPES = {
    "trades-10": BAT.model_copy(update=_CALM),
    "sat-10": BAT_SAT.model_copy(update=_CALM),
    "fgsm-rs": FGSM_RS.model_copy(update=_CALM),
}
"""TRADES and SAT with ten attack steps, as for the RobustResNets, and FGSM-RS without its guard."""


def passes(recipe: Recipe, attack_steps: int | None = None) -> int:
    """Return the cost of a training step for each image, in forward passes.

    A gradient with respect to the image costs as much as a forward pass, and so does one with respect to the weights.
    """
    inner_attack = recipe.inner_attack
    assert isinstance(inner_attack, PGDInner)
    crafted = 2 * (attack_steps or inner_attack.steps) + (inner_attack.loss == "kl")
    return crafted + 3 * (1 + recipe.loss.needs_clean)
