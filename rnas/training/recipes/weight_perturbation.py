"""Define adversarial weight perturbation on SAT and on TRADES (Wu et al., NeurIPS 2020)."""

from fractions import Fraction

from rnas.training.recipes.baseline import BAT
from rnas.training.recipes.sat import SAT
from rnas.training.recipes.trades import TRADES
from rnas.training.schedules.multistep import Multistep
from rnas.training.weight_perturbation import WeightPerturbation

_SOURCE = "Wu, Xia and Wang, Adversarial Weight Perturbation Helps Robust Generalization, NeurIPS 2020"

SAT_AWP = SAT.model_copy(
    update={"name": "sat-awp", "source": _SOURCE, "note": "", "weight_perturbation": WeightPerturbation(gamma=0.01)}
)
"""Standard adversarial training with perturbed weights."""

TRADES_AWP = TRADES.model_copy(
    update={
        "name": "trades-awp",
        "source": _SOURCE,
        "note": "At 8/255 with steps of 2/255. As released, perturbation and milestones count epochs from 1.",
        "epochs": 200,
        "inner_attack": BAT.inner_attack,
        "schedule": Multistep(milestones=(Fraction(99, 200), Fraction(149, 200))),
        "weight_decay": 5e-4,
        "weight_perturbation": WeightPerturbation(gamma=0.005, start=9 / 200),
    }
)
"""TRADES with perturbed weights."""
