"""Test diagnostics for conformance: inherit the class in a test module and name the diagnostic."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.errors import DivergedError, InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext
from rnas.networks.architecture import Architecture
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork
from rnas.testing.generators import generators_left_as_found

_CELL = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3")
_EPSILON = Fraction(1, 20)


class DiagnosticConformance(ABC):
    """Test what every diagnostic must do. A subclass overrides the abstract methods.

    The networks are in float64, so that the batch size does not change rounding.
    """

    @abstractmethod
    def diagnostic(self) -> Diagnostic:
        """Return the diagnostic under test."""

    def architectures(self) -> Sequence[Architecture]:
        """Return small architectures for images of (3, 8, 8); the diagnostic covers at least one."""
        return ResidualNetwork((1, 1), (4, 6), stem_width=4), NASBench201Cell(_CELL, channels=4, cells=1)

    def contexts(self) -> list[DiagnosticContext]:
        """Return for each architecture a network in training mode, twelve images and their adversarial versions."""
        return [_context(architecture) for architecture in self.architectures()]

    def covered(self) -> list[DiagnosticContext]:
        """Return the contexts of architectures that the diagnostic covers."""
        return [context for context in self.contexts() if self.diagnostic().covers(context.architecture)]

    def test_it_is_a_frozen_value(self) -> None:
        diagnostic = self.diagnostic()
        assert isinstance(diagnostic, Diagnostic)
        assert hash(diagnostic) == hash(self.diagnostic())
        assert pickle.loads(pickle.dumps(diagnostic)) == diagnostic == self.diagnostic()

    def test_metrics_are_finite_and_within_their_bounds(self) -> None:
        diagnostic = self.diagnostic()
        contexts = self.covered()
        assert contexts
        for context in contexts:
            values = diagnostic(context)
            assert values.keys() == diagnostic.metrics.keys() != set()
            for name, (least, greatest) in diagnostic.metrics.items():
                assert isinstance(values[name], float)
                assert torch.tensor(values[name]).isfinite()
                assert least <= values[name] <= greatest, name

    def test_equal_contexts_give_equal_metrics(self) -> None:
        for context in self.covered():
            assert self.diagnostic()(context) == self.diagnostic()(context)

    def test_model_images_and_generator_are_left_as_found(self) -> None:
        for context in self.covered():
            model = context.model
            next(model.children()).eval()
            next(model.parameters()).requires_grad_(False)
            tensors = (context.images, context.adversarial, context.labels, context.ids)
            before = [tensor.clone() for tensor in tensors]
            found = _found(model)
            state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            with generators_left_as_found():
                self.diagnostic()(context)
            assert _found(model) == found
            assert all(parameter.grad is None for parameter in model.parameters())
            assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
            for tensor, copy in zip(tensors, before, strict=True):
                assert torch.equal(tensor, copy)
                assert not tensor.requires_grad

    def test_batch_size_and_order_change_nothing(self) -> None:
        for context in self.covered():
            rows = torch.randperm(len(context.ids), generator=torch.Generator().manual_seed(0))
            shuffled = replace(
                context,
                images=context.images[rows],
                adversarial=context.adversarial[rows],
                labels=context.labels[rows],
                ids=context.ids[rows],
                batch_size=5,
            )
            assert self.diagnostic()(shuffled) == pytest.approx(self.diagnostic()(context), rel=1e-9, abs=1e-12)

    def test_a_network_of_nans_gives_no_number_that_is_not_one(self) -> None:
        for context in self.covered():
            with torch.no_grad():
                for parameter in context.model.parameters():
                    parameter.fill_(torch.nan)
            try:
                values = self.diagnostic()(context)
            except DivergedError:
                continue
            assert torch.tensor(list(values.values())).isfinite().all()

    def test_what_it_does_not_cover_is_refused(self) -> None:
        for context in self.contexts():
            if not self.diagnostic().covers(context.architecture):
                with pytest.raises(InputError, match="leave the diagnostic out"):
                    self.diagnostic()(context)


def _context(architecture: Architecture) -> DiagnosticContext:
    shape, classes = (3, 8, 8), 5
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(12, *shape, generator=generator, dtype=torch.float64)
    labels, ids = torch.randint(classes, (12,), generator=generator), torch.arange(100, 112)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = architecture.build(classes, shape).double().train()
    adversarial: Tensor = PGD(_EPSILON, 3)(model, images, labels, ids, 0)
    return DiagnosticContext(model, architecture, images, adversarial, labels, ids, _EPSILON, 3, classes, shape)


def _found(model: nn.Module) -> list[tuple[bool, int, int, list[bool]]]:
    """Return mode, number of hooks and required gradients of every layer."""
    return [
        (
            module.training,
            len(module._forward_hooks),
            len(module._forward_pre_hooks),
            [parameter.requires_grad for parameter in module.parameters(recurse=False)],
        )
        for module in model.modules()
    ]
