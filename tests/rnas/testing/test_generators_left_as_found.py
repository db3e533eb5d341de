"""Parts that draw from a global generator or seed it are found, whatever state the tests before them left."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.pgd import PGD
from rnas.evaluation.diagnostics.diagnostic import DiagnosticContext
from rnas.networks.architecture import Architecture, Shape
from rnas.testing.attack import AttackConformance, random_batch, small_network
from rnas.testing.diagnostic import DiagnosticConformance
from rnas.testing.generators import generators_left_as_found
from rnas.testing.proxy import ProxyConformance

SEED = 5


@dataclass(frozen=True)
class Part:
    """An attack, a diagnostic and a proxy that does something to the global generators."""

    touch: Callable[[], object]
    epsilon: Fraction = Fraction(3, 20)
    norm: Norm = "linf"


class TouchingAttack(Part):
    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        self.touch()
        return PGD(self.epsilon, 1)(model, images, labels, ids, seed)


class TouchingDiagnostic(Part):
    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"zero": (0.0, 0.0)}

    def covers(self, architecture: Architecture) -> bool:
        return True

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        self.touch()
        return {"zero": 0.0}


class TouchingProxy(Part):
    def __call__(self, architecture: Architecture, shape: Shape, classes: int, images: Tensor, seed: int) -> float:
        self.touch()
        return 0.0


def check_attack(touch: Callable[[], object]) -> None:
    class OfTheAttack(AttackConformance):
        def attack(self) -> Attack:
            return TouchingAttack(touch)

    OfTheAttack().test_model_images_and_generators_are_left_as_found(small_network(), random_batch())


def check_diagnostic(touch: Callable[[], object]) -> None:
    class OfTheDiagnostic(DiagnosticConformance):
        def diagnostic(self) -> TouchingDiagnostic:
            return TouchingDiagnostic(touch)

    OfTheDiagnostic().test_model_images_and_generator_are_left_as_found()


def check_proxy(touch: Callable[[], object]) -> None:
    class OfTheProxy(ProxyConformance):
        def proxy(self) -> TouchingProxy:
            return TouchingProxy(touch)

    OfTheProxy().test_generators_images_and_modes_are_left_as_found()


TOUCHES = {
    "torch": lambda: torch.manual_seed(SEED),
    "numpy": lambda: np.random.seed(SEED),  # noqa: NPY002
    "random": lambda: random.seed(SEED),
}


@pytest.mark.parametrize("generator", TOUCHES)
@pytest.mark.parametrize("check", [check_attack, check_diagnostic, check_proxy])
def test_one_who_seeds_a_generator_is_found(check: Callable[[Callable[[], object]], None], generator: str) -> None:
    check(lambda: None)
    TOUCHES[generator]()  # as an earlier test may have left it
    with pytest.raises(AssertionError, match=f"generator of {generator}"):
        check(TOUCHES[generator])


def test_the_generators_are_afterwards_as_they_were() -> None:
    torch_state, numpy_state, python_state = torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002
    with generators_left_as_found():
        pass
    with pytest.raises(AssertionError, match="generator of random"), generators_left_as_found():
        random.random()
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (str(np.random.get_state()), random.getstate()) == (numpy_state, python_state)  # noqa: NPY002
