"""The turns of weights and architecture: the gradient of second order, what trains what, and what is counted."""

from fractions import Fraction
from typing import Any, ClassVar

import pytest
import torch
import torch.nn.functional as F

from baselines.darts_search import Darts
from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.experiments.cell_search import _bilevel
from rnas.experiments.cell_search._bilevel import BilevelTrainer, unrolled_gradients
from rnas.networks.modules._mixed_cells import mixed_network
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe

IMAGES, BATCH = 12, 6


class Few(Darts):
    """DARTS with few operations, so that tests are fast."""

    operations: ClassVar[tuple[str, ...]] = ("none", "skip_connect", "sep_conv_3x3")


def trainer(method: Darts, epochs: int = 1, **recipe: Any) -> BilevelTrainer:
    """A search on random images."""
    torch.manual_seed(1)
    network = mixed_network(Few.operations, 4, 2, 3, (1, 8, 8))
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (IMAGES, 1, 8, 8), generator=generator, dtype=torch.uint8)
    split = Split(pixels, torch.arange(IMAGES) % 3, torch.arange(IMAGES), 255)
    plan = Plan(
        Recipe.resolve({**Darts.recipe, **recipe}), Fidelity(epochs=epochs, batch_size=BATCH), Fraction(1, 10), 3
    )
    return BilevelTrainer(network, split, plan, 3, method)


def test_the_second_order_gradient_of_quadratic_losses_is_the_closed_form() -> None:
    a = torch.tensor([0.7, -0.4], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([0.3, 0.9], dtype=torch.float64, requires_grad=True)
    drift = torch.tensor([0.2, -0.1], dtype=torch.float64)
    before, rate = w.detach().clone(), 0.05
    # L_trained = (w - a)^2 / 2 and L_held = (w + 2a)^2 / 2: after a step w' = w - rate (w - a + drift).
    [found] = unrolled_gradients(
        lambda: ((w - a) ** 2).sum() / 2, lambda: ((w + 2 * a) ** 2).sum() / 2, [a], [w], rate, [drift]
    )
    moved = before - rate * (before - a.detach() + drift)
    held = moved + 2 * a.detach()
    torch.testing.assert_close(found, 2 * held + rate * held)
    assert torch.equal(w, before)


@pytest.mark.parametrize("order", [1, 2])
def test_gradients_of_a_network_are_those_of_differences(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # At the paper's distance the difference is as good as activations have no kinks there.
    monkeypatch.setattr(_bilevel, "_DISTANCE", 1e-7)
    torch.manual_seed(0)
    network = mixed_network(Few.operations, 4, 2, 3, (1, 8, 8)).double().eval()
    method = Few(spread=0.3)
    parameters = {
        name: table.detach().double().requires_grad_()
        for name, table in method.begin(network, torch.Generator().manual_seed(1)).items()
    }
    weights = [*network.parameters()]
    batches = [(torch.rand(3, 1, 8, 8, dtype=torch.float64), torch.tensor([0, 1, 2])) for _ in range(2)]
    rate = 0.01

    def loss(number: int) -> torch.Tensor:
        images, labels = batches[number]
        with network.mixing(*method.strengths(parameters)):
            return F.cross_entropy(network(images), labels)

    fitted = [*parameters.values()]
    if order == 1:
        found = torch.autograd.grad(loss(1), fitted)
    else:
        found = unrolled_gradients(lambda: loss(0), lambda: loss(1), fitted, weights, rate)

    def value() -> float:
        """The held loss, after a step of the weights for the second order."""
        if order == 1:
            return loss(1).item()
        steps = torch.autograd.grad(loss(0), weights)
        with torch.no_grad():
            kept = [weight.clone() for weight in weights]
            for weight, step in zip(weights, steps, strict=True):
                weight.sub_(step, alpha=rate)
            result = loss(1).item()
            for weight, before in zip(weights, kept, strict=True):
                weight.copy_(before)
        return result

    generator = torch.Generator().manual_seed(5)
    for _ in range(2):
        directions = [torch.randn(table.shape, generator=generator, dtype=torch.float64) for table in fitted]
        sides = []
        for sign in (1, -1):
            with torch.no_grad():
                for table, direction in zip(fitted, directions, strict=True):
                    table.add_(direction, alpha=sign * 1e-6)
            sides.append(value())
            with torch.no_grad():
                for table, direction in zip(fitted, directions, strict=True):
                    table.sub_(direction, alpha=sign * 1e-6)
        slope = sum((gradient * direction).sum().item() for gradient, direction in zip(found, directions, strict=True))
        assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_one_half_trains_the_weights_and_the_other_fits_the_architecture() -> None:
    search = trainer(Few())
    trained, held = search._split.ids.tolist(), search._held.ids.tolist()
    assert sorted(trained + held) == list(range(IMAGES))
    assert len(trained) == len(held)
    before = {name: tensor.clone() for name, tensor in search.state().items()}
    [point] = search.epochs()
    after = search.state()
    for name in ("architecture.normal", "architecture.reduction", "model.classifier.weight"):
        assert not torch.equal(before[name], after[name]), name
    assert point["held_cross_entropy"] > 0


@pytest.mark.parametrize(
    ("order", "recipe", "forward", "backward"),
    [
        (1, {}, 2, 2),
        # A step of the weights and two sides, in addition.
        (2, {}, 5, 5),
        # Two steps of the inner attack, which also makes the images of the second order.
        (2, {"inner_attack": {"name": "pgd", "steps": 2, "step": "1/2"}, "statistics": "adversarial"}, 9, 9),
        (1, {"inner_attack": {"name": "pgd", "steps": 2, "step": "1/2"}, "statistics": "both"}, 5, 4),
    ],
)
def test_images_are_counted_as_they_pass(order: int, recipe: dict[str, Any], forward: int, backward: int) -> None:
    search = trainer(Few(order=order), **recipe)
    [point] = search.epochs()
    images = IMAGES // 2
    assert (search.images_forward, search.images_backward) == (forward * images, backward * images)
    assert (point["images_forward"], point["images_backward"]) == (search.images_forward, search.images_backward)


@pytest.mark.slow
def test_a_state_continues_bit_for_bit() -> None:
    whole = trainer(Few(order=2), epochs=2)
    points = list(whole.epochs())
    first, second = (trainer(Few(order=2), epochs=2) for _ in range(2))
    next(first.epochs())
    second.load({name: tensor.clone() for name, tensor in first.state().items()})
    assert [point["loss"] for point in second.epochs()] == [point["loss"] for point in points[1:]]
    expected, found = whole.state(), second.state()
    assert found.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
