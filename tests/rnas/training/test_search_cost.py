"""The counted cost of a training or an attack is that of the passes which it really makes."""

from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.evaluation.robustness import evaluate_robustness
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.search_cost import NO_COST, SearchCost, attack_cost, training_cost
from rnas.training.trainer import Trainer


class Counting(nn.Module):
    """A linear network that counts the images of its passes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.forward_images = self.backward_images = 0

    def forward(self, images: Tensor) -> Tensor:
        self.forward_images += len(images)
        logits: Tensor = self.layer(images.flatten(1))
        if logits.requires_grad:
            logits.register_hook(self._count)
        return logits

    def _count(self, gradient: Tensor) -> None:
        self.backward_images += len(gradient)

    @property
    def counted(self) -> SearchCost:
        return SearchCost(self.forward_images, self.backward_images)


@pytest.fixture
def split() -> Split:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 17, (22, 1, 2, 2), generator=generator).to(torch.uint8)
    return Split(pixels, torch.arange(22) % 3, torch.arange(22), 16)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "standard"},
        {"name": "sat", "inner_attack": {"steps": 3}},
        {"name": "sat", "inner_attack": {"steps": 1}, "statistics": "both"},
        {"name": "trades", "inner_attack": {"steps": 2}},
        {"name": "mart", "inner_attack": {"steps": 2}},
        {"name": "free"},
        {"name": "sat-awp", "inner_attack": {"steps": 1}, "weight_perturbation": {"start": 0.4}},
        {"name": "trades-awp", "inner_attack": {"steps": 1}},
    ],
    ids=str,
)
def test_a_training_is_counted_as_it_passes_images(changes: dict[str, Any], split: Split) -> None:
    recipe = Recipe.resolve({**changes, "numerics": {"folding": False, "precision": "float32"}})
    plan = Plan(recipe, Fidelity(epochs=2, batch_size=5, images=21), Fraction(1, 10), 3)
    model = Counting()
    for _ in Trainer(model, split, plan, 0).epochs():
        pass
    assert training_cost(plan, len(split)) == model.counted


def test_an_evaluation_is_counted_as_it_passes_images(split: Split) -> None:
    model = Counting()
    attacks = [PGD(Fraction(1, 10), 3), PGD(Fraction(1, 10), 3, loss="margin")]
    evaluate_robustness(model, split, attacks, 0, 7)
    assert attack_cost(len(split), 3, 2) == model.counted


def test_costs_add_up_and_are_kept_as_json() -> None:
    one = SearchCost(3, 2, 0.5)
    assert sum([one, one * 2], NO_COST) == SearchCost(9, 6, 1.5)
    assert one.images == 5
    assert SearchCost.from_dict(one.to_dict()) == one
