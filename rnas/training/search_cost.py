"""Count what a search costs: images passed through networks, and seconds on a device."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from rnas.training.inner_attack import FreeAT
from rnas.training.plan import Plan


@dataclass(frozen=True)
class SearchCost:
    """Hold what a search or a part of it costs. Costs can be added and multiplied by a whole number.

    Every method is charged in the same way, so that methods can be compared at equal cost. An image that passes through
    a network counts once for each pass.

    Attributes:
        images_forward: images passed forward.
        images_backward: images passed backward.
        device_seconds: seconds on a device, summed over devices.
    """

    images_forward: int = 0
    images_backward: int = 0
    device_seconds: float = 0.0

    def __add__(self, other: "SearchCost") -> "SearchCost":
        return SearchCost(
            self.images_forward + other.images_forward,
            self.images_backward + other.images_backward,
            self.device_seconds + other.device_seconds,
        )

    def __mul__(self, times: int) -> "SearchCost":
        return SearchCost(times * self.images_forward, times * self.images_backward, times * self.device_seconds)

    @property
    def images(self) -> int:
        """Return the images passed in either direction: what methods are compared at."""
        return self.images_forward + self.images_backward

    def to_dict(self) -> dict[str, Any]:
        """Return the cost as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the cost that :meth:`to_dict` described."""
        return cls(**content)


NO_COST = SearchCost()
"""The start of a sum."""


def training_cost(plan: Plan, held: int) -> SearchCost:
    """Count the images of a whole training; its seconds are 0, as they are measured and not counted.

    Args:
        plan: recipe and length.
        held: images that the train split holds.
    """
    steps = plan.steps(plan.images(held))
    seen = steps * min(plan.fidelity.batch_size, plan.images(held))
    forward, backward = _passes(plan)
    perturbed = 0
    if plan.recipe.weight_perturbation is not None:
        start = plan.recipe.weight_perturbation.start
        first = next((step for step in range(steps) if plan.progress(step, plan.images(held)).reached(start)), steps)
        perturbed = seen * (steps - first) // max(steps, 1)
    trained = 2 if plan.recipe.loss.needs_clean else 1
    return SearchCost(seen * forward + perturbed * trained, seen * backward + perturbed * trained)


def attack_cost(images: int, steps: int, attacks: int = 1) -> SearchCost:
    """Count the images of an evaluation: each as it is, and under gradient attacks of some steps each."""
    return SearchCost(images * (1 + attacks * (steps + 1)), images * attacks * steps)


def _passes(plan: Plan) -> tuple[int, int]:
    """Return how often an image of a batch passes forward and backward in one step of a training."""
    recipe, inner_attack = plan.recipe, plan.inner_attack
    trained = 2 if recipe.loss.needs_clean else 1
    if inner_attack is None:
        return trained, trained
    if isinstance(inner_attack, FreeAT):
        return inner_attack.replays, inner_attack.replays
    # The divergence that TRADES ascends needs the prediction on the original image.
    reference = inner_attack.loss == "kl"
    seen = recipe.statistics == "both" and not recipe.loss.needs_clean
    return inner_attack.steps + trained + reference + seen, inner_attack.steps + trained
