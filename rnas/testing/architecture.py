"""Test architectures for conformance: inherit the class in a test module and list the architectures to test."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.modules.measured_cost import measured_cost


class ArchitectureConformance:
    """Test what every architecture must do. A subclass overrides :meth:`architectures`.

    Attributes:
        input_shape: (C, H, W) of the images for which they are built.
        num_classes: number of logits.
    """

    input_shape: Shape = (3, 32, 32)
    num_classes: int = 7

    def architectures(self) -> Sequence[Architecture]:
        """Return at least two different, small architectures; the tests build and run them."""
        raise NotImplementedError

    def test_descriptions_are_frozen_values(self) -> None:
        """Test that they are hashable, and equal to their copies and to no other."""
        architectures = self.architectures()
        assert len(set(architectures)) == len(architectures) > 1
        for architecture in architectures:
            assert dataclasses.is_dataclass(architecture)
            assert not isinstance(architecture, type)
            assert dataclasses.replace(architecture) == architecture

    def test_json_gives_the_architecture_back(self) -> None:
        """Test that JSON restores the architecture, and that different architectures have different keys."""
        for architecture in self.architectures():
            again = arch.from_json(arch.to_json(architecture))
            assert again == architecture
            assert arch.key(again) == arch.key(architecture)
        assert len(set(map(arch.key, self.architectures()))) == len(self.architectures())

    def test_cost_is_that_of_the_built_network(self) -> None:
        """Test that params and FLOPs without building equal those counted layer by layer."""
        for architecture in self.architectures():
            for classes in (self.num_classes, self.num_classes + 3):
                built = measured_cost(self.unallocated(architecture, classes), self.input_shape)
                assert architecture.cost(self.input_shape, classes) == built, arch.to_json(architecture)

    def test_training_reaches_the_weights(self) -> None:
        """Test that logits and gradients are finite in both modes, and that training updates the classifier."""
        for architecture in self.architectures():
            module = self.built(architecture)
            images = self.images()
            labels = torch.arange(len(images)) % self.num_classes
            for training in (True, False):
                module.train(training).zero_grad()
                logits = module(images)
                assert logits.shape == (len(images), self.num_classes)
                torch.autograd.backward(F.cross_entropy(logits, labels))
                gradients = [p.grad for p in module.parameters() if p.grad is not None]
                assert all(bool(gradient.isfinite().all()) for gradient in gradients)
                assert any(bool(gradient.any()) for gradient in gradients)

    def test_evaluation_changes_nothing(self) -> None:
        """Test that in eval mode an image's logits do not depend on its batch, and the state does not change."""
        for architecture in self.architectures():
            module = self.built(architecture).eval()
            before = {name: value.clone() for name, value in module.state_dict().items()}
            images = self.images()
            with torch.no_grad():
                together = module(images)
                alone = torch.cat([module(image[None]) for image in images])
            torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
            for name, value in module.state_dict().items():
                assert torch.equal(value, before[name]), name

    def test_weights_follow_the_global_generator(self) -> None:
        """Test that one seed gives one network, and another seed another."""
        for architecture in self.architectures():
            weights = [self.built(architecture, seed).state_dict() for seed in (0, 0, 1)]
            assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
            assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])

    def images(self) -> torch.Tensor:
        """Return a batch of four images in [0, 1]."""
        return torch.rand((4, *self.input_shape), generator=torch.Generator().manual_seed(0))

    def built(self, architecture: Architecture, seed: int = 0) -> nn.Module:
        """Return the network with the initial weights of a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return architecture.build(self.num_classes, self.input_shape)

    def unallocated(self, architecture: Architecture, num_classes: int) -> nn.Module:
        """Return the network on the ``meta`` device."""
        with torch.device("meta"):
            return architecture.build(num_classes, self.input_shape)
