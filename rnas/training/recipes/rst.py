"""Define robust self-training: TRADES with pseudo-labelled images (Carmon et al., NeurIPS 2019)."""

from rnas.training.recipes.trades import TRADES
from rnas.training.schedules.cosine import Cosine

RST = TRADES.model_copy(
    update={
        "name": "rst",
        "source": "Carmon et al., Unlabeled Data Improves Adversarial Robustness, NeurIPS 2019; epochs of Huang et "
        "al., Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks, NeurIPS 2021",
        "note": "Needs extra data: 500K pseudo-labelled images in the paper.",
        "epochs": 400,
        "batch_size": 256,
        "extra_fraction": 0.5,
        "schedule": Cosine(every="epoch"),
        "nesterov": True,
        "weight_decay": 5e-4,
    }
)
"""Robust self-training: TRADES with pseudo-labelled images."""
