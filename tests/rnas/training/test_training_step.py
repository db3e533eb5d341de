"""Every recipe's step against the formulas of its paper."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from rnas import registry
from rnas.data.dataset import Split
from rnas.training._batches import mini_batches
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import EXTRA, TRAINING, plan
from tests.rnas.training.transcription import CLASSES, SlowTraining, network

_SOME = [
    {"name": "sat", "cutmix": 1.0, "label_smoothing": 0.25},
    {"name": "sat", "l1": 1e-3, "statistics": "both"},
    {"name": "sat", "weight_perturbation": {"gamma": 0.3}, "clip_norm": 0.5},
    {"name": "sat", "inner_attack": {"mode": "train-updating"}, "averaging": {"name": "ema", "decay": 0.6}},
    {"name": "sat", "inner_attack": {"noise": "none", "steps": 2}},
    {"name": "trades", "cutmix": 0.5, "statistics": "adversarial", "clip_norm": 0.5, "loss": {"beta": 1.5}},
    {"name": "trades", "inner_attack": {"mode": "train-updating", "steps": 2}},
    {"name": "bat-mart", "label_smoothing": 0.3, "statistics": "adversarial", "loss": {"beta": 2.0}},
    {"name": "bat-mart", "weight_perturbation": {"gamma": 0.1, "start": 0.2}, "l1": 1e-4},
    {"name": "free", "l1": 1e-3, "clip_norm": 0.4, "cutmix": 1.0, "inner_attack": {"replays": 3, "step": "2/3"}},
    {"name": "aat", "averaging": {"warmup": 0.2}, "extra_fraction": 0.5},
    {"name": "liu", "schedule": {"name": "cosine"}, "learning_rate": 0.02, "momentum": 0.7, "optimizer": {"beta": 0.9}},
    {
        "name": "liu",
        "schedule": {"name": "one-cycle", "peak": 0.5},
        "learning_rate": 0.02,
        "decay_biases": False,
        "l1": 1e-3,
    },
    {"name": "standard", "l1": 1e-3, "nesterov": True, "decay_normalization": False, "decay_biases": False},
]
_RECIPES: list[str | Mapping[str, Any]] = [*registry.names(registry.RECIPES), *_SOME]


def _of_few_classes(split: Split) -> Split:
    rows = split.labels < CLASSES
    return Split(split.pixels[rows], split.labels[rows], split.ids[rows], split.white)


@pytest.fixture(autouse=True)
def _images_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnas.training._batches.scaled", lambda pixels, white: pixels.double() / white)


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda recipe: recipe if isinstance(recipe, str) else str([*recipe]))
def test_steps_are_those_of_the_formulas(recipe: str | Mapping[str, Any]) -> None:
    split, extra = _of_few_classes(TRAINING).first(12), _of_few_classes(EXTRA).first(9)
    # Of seed 0 the first epoch's seed and the seed of its noise are 0.
    steps = plan(recipe, batch_size=4)
    steps = type(steps)(steps.recipe, steps.fidelity, steps.epsilon, CLASSES)
    model = network()
    slow = SlowTraining.of(steps, model)
    training = Trainer(model, split, steps, 0, extra)
    point = next(iter(training.epochs()))
    losses = [
        slow.step(batch.images, batch.targets, batch.ids, 0, number, len(split))
        for number, batch in enumerate(mini_batches(split, extra, steps, 0))
    ]
    assert len(losses) == 3
    assert point["loss"] == pytest.approx(sum(losses) / 3, rel=1e-9)
    expected = slow.weights | slow.running
    found = model.state_dict()
    assert set(expected) == {name for name in found if not name.endswith("num_batches_tracked")}
    for name, tensor in expected.items():
        assert torch.allclose(found[name], tensor, rtol=1e-8, atol=1e-10), name
    if slow.average:
        averaged = dict(training.result.named_parameters())
        for name, tensor in slow.average.items():
            assert torch.allclose(averaged[name], tensor, rtol=1e-8, atol=1e-10), name
