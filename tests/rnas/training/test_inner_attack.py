from fractions import Fraction

import pytest
import torch

from rnas import registry
from rnas.errors import InputError
from rnas.training.inner_attack import FreeAT, PGDInner
from rnas.training.recipe import Recipe
from tests.rnas.training.digits import EPSILON, TRAINING, plan
from tests.rnas.training.transcription import CLASSES, SlowTraining, network

_STEPS = [
    name
    for name in registry.names(registry.RECIPES)
    if isinstance(registry.load(registry.RECIPES, name).inner_attack, PGDInner)
]


@pytest.mark.parametrize("name", _STEPS)
def test_adversarial_images_are_those_of_the_formula(name: str) -> None:
    images, ids = TRAINING.images(slice(6)).double(), TRAINING.ids[:6]
    labels = TRAINING.labels[:6] % CLASSES
    model = network()
    # Running statistics unlike a batch's, so that it shows which of the two are used.
    model(images)
    slow = SlowTraining.of(plan(name), model)
    inner_attack = Recipe.resolve(name).inner_attack
    assert isinstance(inner_attack, PGDInner)
    found = inner_attack.attack(EPSILON)(model, images, labels, ids, 5)
    expected = slow.crafted(images, labels, ids, 5)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    moved = (found - images).abs().amax().item()
    if name == "n-fgsm":
        assert 0.11 < moved <= 0.3 + 1e-12
    else:
        assert 0.05 < moved <= 0.1 + 1e-12
    assert found.min() >= 0
    assert found.max() <= 1
    buffers = dict(model.named_buffers())
    for key, statistics in slow.running.items():
        assert torch.allclose(buffers[key], statistics, rtol=1e-10), key


def test_steps_and_noise_are_shares_of_epsilon() -> None:
    attack = PGDInner(steps=3, step=Fraction(1, 4), noise="gaussian", noise_share=Fraction(1, 8)).attack(
        Fraction(8, 255)
    )
    assert attack.step * attack.epsilon == Fraction(2, 255)
    assert attack.start.share * attack.epsilon == Fraction(1, 255)


@pytest.mark.parametrize("steps", [0, -1])
def test_no_steps_are_refused(steps: int) -> None:
    with pytest.raises(InputError):
        PGDInner(steps=steps, step=Fraction(1))
    with pytest.raises(InputError):
        FreeAT(replays=steps)
