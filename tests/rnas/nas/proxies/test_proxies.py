"""Every registered proxy, and what the conformance test finds wrong with one."""

import math

import pytest
import torch
from torch import Tensor

from rnas import registry
from rnas.errors import InputError
from rnas.nas.proxies.proxy import Proxy, untrained
from rnas.networks.architecture import Architecture, Shape
from rnas.testing.proxy import ProxyConformance
from tests.rnas.evaluation.diagnostics.families import FAMILIES, SHAPE


@pytest.mark.parametrize("name", registry.names(registry.PROXIES))
class TestRegistered(ProxyConformance):
    @pytest.fixture(autouse=True)
    def _named(self, name: str) -> None:
        self.name = name

    def proxy(self) -> Proxy:
        return registry.load(registry.PROXIES, self.name)


def test_ours_are_registered() -> None:
    assert {"naswot", "synflow"} <= set(registry.names(registry.PROXIES))
    with pytest.raises(InputError, match="unknown proxy 'snip'"):
        registry.load(registry.PROXIES, "snip")


@pytest.mark.parametrize("architecture", [architecture for architecture, _ in FAMILIES], ids=lambda a: a.kind)
def test_every_family_has_a_score(architecture: Architecture) -> None:
    images = torch.rand(4, *SHAPE, generator=torch.Generator().manual_seed(0))
    for name in registry.names(registry.PROXIES):
        assert math.isfinite(registry.load(registry.PROXIES, name)(architecture, SHAPE, 3, images, 0))


def test_the_untrained_network_is_that_of_the_seed() -> None:
    architecture = FAMILIES[0][0]
    torch.manual_seed(7)
    expected = architecture.build(3, SHAPE)
    state = torch.get_rng_state()
    with untrained(architecture, SHAPE, 3, 7) as model:
        assert model.training
        for mine, its in zip(model.parameters(), expected.parameters(), strict=True):
            assert mine.dtype == torch.float64
            assert torch.equal(mine, its.double())
    assert torch.equal(torch.get_rng_state(), state)


def _faulty(fault: str) -> Proxy:
    def proxy(architecture: Architecture, input_shape: Shape, num_classes: int, images: Tensor, seed: int) -> float:
        if fault == "draws":
            torch.rand(1)
        if fault == "writes":
            images.add_(0.5)
        if fault == "gradients":
            torch.set_grad_enabled(False)
        if fault == "unseeded":
            return float(torch.rand(1))
        if fault == "constant":
            return 1.0
        if fault == "type":
            return torch.ones(1)  # type: ignore[return-value]
        with untrained(architecture, input_shape, num_classes, seed) as model:
            logits: Tensor = model.eval()(images.double())
        if fault == "leans on gradients":
            return float(logits.requires_grad)
        if fault == "first image":
            return logits[0].norm().item()
        return logits.norm().item()

    return proxy


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("draws", "test_generators_images_and_modes_are_left_as_found"),
        ("writes", "test_generators_images_and_modes_are_left_as_found"),
        ("gradients", "test_generators_images_and_modes_are_left_as_found"),
        ("unseeded", "test_equal_arguments_give_equal_scores"),
        ("leans on gradients", "test_gradient_mode_changes_nothing"),
        ("first image", "test_order_of_images_changes_nothing"),
        ("constant", "test_architectures_are_distinguished"),
        ("type", "test_scores_are_numbers"),
    ],
)
def test_faults_are_found(fault: str, test: str) -> None:
    class Faulty(ProxyConformance):
        def proxy(self) -> Proxy:
            return _faulty(fault)

    try:
        with pytest.raises(AssertionError):
            getattr(Faulty(), test)()
    finally:
        torch.set_grad_enabled(True)


def test_a_sound_one_passes() -> None:
    class Sound(ProxyConformance):
        def proxy(self) -> Proxy:
            return _faulty("none")

    for test in (name for name in dir(Sound) if name.startswith("test_")):
        getattr(Sound(), test)()
