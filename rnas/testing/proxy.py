"""Test zero-cost proxies for conformance: inherit the class in a test module and name the proxy."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from rnas.nas.proxies.proxy import Proxy
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork
from rnas.testing.generators import generators_left_as_found

_CELL = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3")
_CLASSES = 5


class ProxyConformance(ABC):
    """Test what every zero-cost proxy must do. A subclass overrides the abstract methods."""

    @abstractmethod
    def proxy(self) -> Proxy:
        """Return the proxy under test."""

    def architectures(self) -> Sequence[Architecture]:
        """Return small architectures for images of (1, 8, 8) and (3, 8, 8); none has the worst possible score."""
        return ResidualNetwork((1, 1), (4, 6), stem_width=4), NASBench201Cell(_CELL, channels=4, cells=1)

    def score(self, architecture: Architecture, images: Tensor | None = None, seed: int = 0) -> float:
        """Return the proxy's score; on twelve images of (3, 8, 8) unless other images are given."""
        images = _images((3, 8, 8)) if images is None else images
        channels, height, width = images.shape[1:]
        return self.proxy()(architecture, (channels, height, width), _CLASSES, images, seed)

    def test_scores_are_numbers(self) -> None:
        for architecture in self.architectures():
            for images in (_images((1, 8, 8)), _images((3, 8, 8)), _images((3, 8, 8))[:2]):
                score = self.score(architecture, images)
                assert type(score) is float
                assert math.isfinite(score)

    def test_architectures_are_distinguished(self) -> None:
        assert len({self.score(architecture) for architecture in self.architectures()}) > 1

    def test_equal_arguments_give_equal_scores(self) -> None:
        for architecture in self.architectures():
            for seed in (0, 2**40):
                torch.manual_seed(1)
                first = self.score(architecture, seed=seed)
                torch.manual_seed(2)
                assert self.score(architecture, seed=seed) == first

    def test_gradient_mode_changes_nothing(self) -> None:
        for architecture in self.architectures():
            first = self.score(architecture)
            with torch.no_grad():
                assert self.score(architecture) == first

    def test_order_of_images_changes_nothing(self) -> None:
        images = _images((3, 8, 8))
        for architecture in self.architectures():
            assert self.score(architecture, images.flip(0)) == pytest.approx(self.score(architecture, images), rel=1e-9)

    def test_generators_images_and_modes_are_left_as_found(self) -> None:
        for architecture in self.architectures():
            images = _images((3, 8, 8))
            copy, before = images.clone(), _modes()
            with generators_left_as_found():
                self.score(architecture, images)
            assert torch.equal(images, copy)
            assert images.grad is None
            assert not images.requires_grad
            assert _modes() == before


def _images(shape: Shape) -> Tensor:
    return torch.rand(12, *shape, generator=torch.Generator().manual_seed(1))


def _modes() -> list[Any]:
    """Return the global settings on which a score may depend."""
    return [
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
    ]
