"""Define training without attack, on the schedule of the baseline recipe."""

from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.recipes.baseline import BAT

STANDARD = BAT.model_copy(
    update={
        "name": "standard",
        "source": "training without attack; schedule of Huang et al., Revisiting Residual Networks for Adversarial "
        "Robustness, CVPR 2023",
        "note": "A network trained so is not robust.",
        "inner_attack": None,
        "loss": CrossEntropy(),
    }
)
"""Train without attack, on the schedule of the baseline recipe."""
