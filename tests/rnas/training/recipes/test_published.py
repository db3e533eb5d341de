"""The settings of the papers and of the code released with them, field by field."""

from fractions import Fraction
from typing import Any

import pytest

from rnas.training.averaging import EMA
from rnas.training.inner_attack import FreeAT, PGDInner
from rnas.training.losses import CrossEntropy
from rnas.training.losses.mart import MART
from rnas.training.losses.trades import TRADES
from rnas.training.optimizer import AdamW
from rnas.training.recipe import Recipe
from rnas.training.schedules.cosine import Cosine
from rnas.training.schedules.multistep import Multistep
from rnas.training.schedules.one_cycle import OneCycle
from rnas.training.weight_perturbation import WeightPerturbation

_EPSILON = Fraction(8, 255)


def of_255(step: int) -> Fraction:
    """Convert 255ths to a share of 8/255."""
    return Fraction(step, 255) / _EPSILON


def steps(number: int, step: Fraction, loss: Any = "cross-entropy", **others: Any) -> PGDInner:
    return PGDInner(steps=number, step=step, loss=loss, **others)


def gaussian(deviation: Fraction) -> dict[str, Any]:
    return {"noise": "gaussian", "noise_share": deviation}


def milestones(*epochs: int, of: int) -> Multistep:
    return Multistep(milestones=tuple(Fraction(epoch, of) for epoch in epochs), gamma=0.1)


_NOTHING_MORE = {
    "label_smoothing": 0,
    "cutmix": None,
    "augmentation": None,
    "extra_fraction": 0,
    "normalization_momentum": None,
    "momentum": 0.9,
    "nesterov": False,
    "decay_normalization": True,
    "decay_biases": True,
    "clip_norm": None,
    "l1": 0,
    "weight_perturbation": None,
    "averaging": None,
    "overfitting_guard": None,
    "activation": None,
    "optimizer": None,
    "drop_path": None,
}
_BASELINE = _NOTHING_MORE | {
    "epochs": 100,
    "batch_size": 128,
    "learning_rate": 0.1,
    "weight_decay": 2e-4,
    "schedule": milestones(75, 90, of=100),
    "clip_norm": 5.0,
}
_ON_THE_LABEL = steps(10, of_255(2), **gaussian(of_255(2)))
_RICE = _NOTHING_MORE | {
    "epochs": 200,
    "batch_size": 128,
    "inner_attack": steps(10, of_255(2)),
    "loss": CrossEntropy(),
    "statistics": "adversarial",
    "learning_rate": 0.1,
    "weight_decay": 5e-4,
    "schedule": milestones(100, 150, of=200),
}
# Noise of .001 and steps of .007 at .031.
_TRADES = _NOTHING_MORE | {
    "epochs": 76,
    "batch_size": 128,
    "inner_attack": steps(10, Fraction(9, 40), "kl", **gaussian(Fraction(1, 31))),
    "loss": TRADES(beta=6),
    "statistics": "both",
    "learning_rate": 0.1,
    "weight_decay": 2e-4,
    "schedule": milestones(74, of=76),
}
_LIU = _NOTHING_MORE | {
    "epochs": 100,
    "batch_size": 128,
    "inner_attack": steps(15, Fraction(1, 10)),
    "loss": CrossEntropy(),
    "augmentation": ("autoaugment", "crop", "flip"),
    "statistics": "adversarial",
    "learning_rate": 1e-4,
    "schedule": Cosine(warmup=8 / 100, hold=1 / 100, length=1, final=5e-6 / 1e-4, every="epoch"),
    "optimizer": AdamW(beta=0.999, epsilon=1e-8),
    "weight_decay": 0.01,
}
_FAST = _NOTHING_MORE | {
    "batch_size": 128,
    "loss": CrossEntropy(),
    "statistics": "adversarial",
    "learning_rate": 0.2,
    "weight_decay": 5e-4,
    "schedule": OneCycle(peak=0.5, initial=0, final=0, shape="linear", every="step"),
    "overfitting_guard": 0.2,
}

PUBLISHED: dict[str, dict[str, Any]] = {
    "bat": _BASELINE
    | {
        "inner_attack": steps(10, of_255(2), "kl", **gaussian(Fraction(1, 1000) / _EPSILON)),
        "loss": TRADES(beta=6),
        "statistics": "both",
    },
    "bat-sat": _BASELINE | {"inner_attack": _ON_THE_LABEL, "loss": CrossEntropy(), "statistics": "adversarial"},
    "bat-mart": _BASELINE | {"inner_attack": _ON_THE_LABEL, "loss": MART(beta=6), "statistics": "both"},
    "aat": _NOTHING_MORE
    | {
        "epochs": 400,
        "batch_size": 1024,
        "inner_attack": steps(10, of_255(2), "kl", mode="train"),
        "loss": TRADES(beta=6),
        "label_smoothing": 0.1,
        "extra_fraction": 0.7,
        "statistics": "adversarial",
        "normalization_momentum": 0.01,
        "learning_rate": 0.4,
        "schedule": OneCycle(
            peak=0.025, initial=1 / 25, final=1 / 25 / 1e4, shape="cosine", momenta=(0.85, 0.95), every="epoch"
        ),
        "nesterov": True,
        "weight_decay": 5e-4,
        "decay_normalization": False,
        "averaging": EMA(decay=0.995, warmup=10 / 400, ramp=True),
        "activation": "silu",
    },
    "rst": _TRADES
    | {
        "epochs": 400,
        "batch_size": 256,
        "extra_fraction": 0.5,
        "schedule": Cosine(warmup=0, final=0, every="epoch"),
        "nesterov": True,
        "weight_decay": 5e-4,
    },
    "robnet": _NOTHING_MORE
    | {
        "epochs": 170,
        "batch_size": 1536,
        "inner_attack": steps(7, of_255(2), mode="train-updating"),
        "loss": CrossEntropy(),
        "augmentation": ("crop", "flip", "cutout"),
        "statistics": "adversarial",
        "learning_rate": 1.2,
        "schedule": Cosine(warmup=20 / 170, initial=0.02 / 1.2, final=0.001 / 1.2, every="epoch"),
        "weight_decay": 1e-4,
        "decay_normalization": False,
        "decay_biases": False,
    },
    "advrush": _NOTHING_MORE
    | {
        "epochs": 200,
        "batch_size": 64,
        "inner_attack": steps(7, Fraction(10, 31), **gaussian(Fraction(1, 31))),
        "loss": CrossEntropy(),
        "statistics": "both",
        "learning_rate": 0.1,
        "schedule": milestones(99, 149, of=200),
        "weight_decay": 1e-4,
        "clip_norm": 5.0,
    },
    "liu": _LIU,
    "liu-vit": _LIU
    | {
        "learning_rate": 2.5e-4,
        "weight_decay": 0.05,
        "schedule": Cosine(warmup=8 / 100, hold=1 / 100, length=1, final=5e-6 / 2.5e-4, every="epoch"),
    },
    "sat": _RICE,
    "sat-awp": _RICE | {"weight_perturbation": WeightPerturbation(gamma=0.01, start=0)},
    "trades": _TRADES,
    "trades-awp": _TRADES
    | {
        "epochs": 200,
        "inner_attack": steps(10, of_255(2), "kl", **gaussian(Fraction(1, 1000) / _EPSILON)),
        "schedule": milestones(99, 149, of=200),
        "weight_decay": 5e-4,
        "weight_perturbation": WeightPerturbation(gamma=0.005, start=9 / 200),
    },
    "mart": _TRADES
    | {
        "epochs": 90,
        "inner_attack": steps(10, Fraction(9, 40), **gaussian(Fraction(1, 31))),
        "loss": MART(beta=6),
        "schedule": milestones(74, 89, of=90),
        "weight_decay": 7e-4,
    },
    "fgsm-rs": _FAST | {"epochs": 15, "inner_attack": steps(1, of_255(10))},
    "n-fgsm": _FAST | {"epochs": 30, "inner_attack": steps(1, Fraction(1), noise_share=Fraction(2), projection=False)},
    "free": _NOTHING_MORE
    | {
        "epochs": 25,
        "batch_size": 128,
        "inner_attack": FreeAT(replays=8, step=Fraction(1)),
        "loss": CrossEntropy(),
        "statistics": "adversarial",
        "learning_rate": 0.1,
        "schedule": Multistep(milestones=(Fraction(1, 2), Fraction(3, 4)), gamma=0.1),
        "weight_decay": 2e-4,
        "decay_normalization": False,
        "decay_biases": False,
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_setting_is_the_published_one(name: str) -> None:
    recipe = Recipe.resolve(name)
    assert set(PUBLISHED[name]) == set(Recipe.model_fields) - {"name", "source", "note", "numerics"}
    for field, value in PUBLISHED[name].items():
        assert getattr(recipe, field) == value, field


@pytest.mark.parametrize("name", ["aat", "rst"])
def test_the_need_of_extra_data_is_noted(name: str) -> None:
    assert "extra data" in Recipe.resolve(name).note
