from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import nn

from rnas.data.dataset import PartSizes, divide
from rnas.data.digits import load
from rnas.errors import DivergedError
from rnas.training.loop import Schedule, batches, learning_rate, parameter_groups, train
from rnas.training.recipe import Fidelity
from rnas.training.recipes import FGSM_RS, SAT

PART = divide(load(None), PartSizes(training=200, score=100, final=100), 0)["training"]
SHORT = Schedule(SAT, Fidelity(epochs=2, batch_size=50, attack_steps=2, attack_step=Fraction(1, 2)), Fraction(1, 10))


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


@pytest.mark.parametrize("recipe", [SAT, FGSM_RS], ids=lambda recipe: recipe.name)
def test_each_recipe_learns(recipe) -> None:
    schedule = Schedule(recipe, Fidelity(epochs=10, batch_size=25, attack_steps=None), Fraction(1, 20))
    curve = list(train(network(), PART, schedule, 0))
    assert [point["epoch"] for point in curve] == list(range(1, 11))
    assert curve[-1]["loss"] < 0.6 * curve[0]["loss"]
    assert curve[-1]["training_robust_accuracy"] > 0.5


def test_two_runs_give_the_same_weights_and_curve() -> None:
    def run(seed: int) -> tuple[list[float], list[torch.Tensor]]:
        model = network()
        curve = [point["loss"] for point in train(model, PART, SHORT, seed)]
        return curve, list(model.state_dict().values())

    (one, first), (same, second), (other, _) = run(0), run(0), run(1)
    assert one == same != other
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_batchnorm_sees_training_batches_only_once_a_step() -> None:
    model = network()
    list(train(model, PART, SHORT, 0))
    assert model[1].num_batches_tracked.item() == SHORT.steps(len(PART)) == 8


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    reckless = replace(SHORT, recipe=SAT.model_copy(update={"learning_rate": 1e30, "clip_norm": None}))
    with pytest.raises(DivergedError, match="not finite in epoch"):
        list(train(network(), PART, reckless, 0))


def test_check_is_told_the_share_done_and_may_stop() -> None:
    shares: list[float] = []

    def check(share: float) -> None:
        shares.append(share)
        if share >= 0.5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        list(train(network(), PART, SHORT, 0, check))
    assert shares == [0, 0.125, 0.25, 0.375, 0.5]


def test_learning_rate_warms_up_and_ends_near_zero() -> None:
    recipe = SAT.model_copy(update={"learning_rate": 1.0, "warmup": 0.25})
    assert learning_rate(0.0, recipe) == 0
    assert learning_rate(0.125, recipe) == pytest.approx(0.5)
    assert learning_rate(0.25, recipe) == pytest.approx(1.0)
    assert learning_rate(0.625, recipe) == pytest.approx(0.5)
    assert learning_rate(0.9999, recipe) < 1e-4


@pytest.mark.parametrize("decays", [True, False])
def test_normalisation_decays_only_where_the_recipe_says_so(decays: bool) -> None:
    model = network()
    wide, narrow = parameter_groups(model, SAT.model_copy(update={"decay_normalization": decays}))
    assert {id(p) for p in narrow["params"]} == {id(model[1].weight), id(model[1].bias), id(model[5].bias)}
    assert wide["weight_decay"] == SAT.weight_decay
    assert narrow["weight_decay"] == (SAT.weight_decay if decays else 0)


def test_batches_cover_the_images_once_and_drop_a_short_last_one() -> None:
    rows = list(batches(23, 5, torch.Generator().manual_seed(0)))
    assert [len(r) for r in rows] == [5, 5, 5, 5]
    assert len(torch.cat(rows).unique()) == 20
    assert [len(r) for r in batches(3, 5, torch.Generator())] == [3]
