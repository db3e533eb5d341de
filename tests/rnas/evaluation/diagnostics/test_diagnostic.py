"""Every registered diagnostic, and what the conformance test finds wrong with one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import pytest
import torch
from torch import nn

from rnas import registry
from rnas.errors import DivergedError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext, finite_metrics
from rnas.networks.architecture import Architecture
from rnas.networks.vit import VisionTransformer
from rnas.testing.diagnostic import DiagnosticConformance
from tests.rnas.evaluation.diagnostics.families import FAMILIES, SHAPE


@pytest.mark.parametrize("name", registry.names(registry.DIAGNOSTICS))
class TestRegistered(DiagnosticConformance):
    @pytest.fixture(autouse=True)
    def _named(self, name: str) -> None:
        self.name = name

    def diagnostic(self) -> Diagnostic:
        return registry.load(registry.DIAGNOSTICS, self.name)

    def architectures(self) -> Sequence[Architecture]:
        if self.name != "attention-sparsity":
            return super().architectures()
        return VisionTransformer(width=4, depth=1, heads=2, hidden=4), *super().architectures()


@pytest.mark.parametrize("architecture", [architecture for architecture, _ in FAMILIES], ids=lambda a: a.kind)
def test_every_family_has_finite_metrics_of_all_that_cover_it(architecture: Architecture) -> None:
    torch.manual_seed(0)
    images, adversarial = torch.rand(2, 4, *SHAPE)
    model = architecture.build(3, SHAPE)
    for weight in model.parameters():
        if weight.ndim == 1 and not weight.any():  # Some branches start at zero, and LeViT is then constant.
            nn.init.constant_(weight, 0.5)
    context = DiagnosticContext(
        model,
        architecture,
        images,
        adversarial,
        labels=torch.tensor([0, 1, 2, 0]),
        ids=torch.arange(4),
        epsilon=Fraction(8, 255),
        seed=0,
        num_classes=3,
        input_shape=SHAPE,
    )
    values = {}
    for name in registry.names(registry.DIAGNOSTICS):
        diagnostic = registry.load(registry.DIAGNOSTICS, name)
        if diagnostic.covers(architecture):
            values |= diagnostic(context)
    assert len(values) >= 10
    assert all(math.isfinite(value) for value in values.values())
    assert values["empirical_lipschitz"] > 0
    assert values["local_lipschitz"] > 0
    assert values["fsp_distance_last"] > 0


def test_names_of_metrics_are_unique() -> None:
    names = registry.names(registry.DIAGNOSTICS)
    assert {"perturbation-stability", "empirical-lipschitz", "local-lipschitz", "lipschitz-bound"} <= set(names)
    assert {"fsp-distance", "density", "sparsity"} <= set(names)
    metrics = [metric for name in names for metric in registry.load(registry.DIAGNOSTICS, name).metrics]
    assert len(set(metrics)) == len(metrics)


def test_values_that_are_not_finite_are_a_divergence() -> None:
    assert finite_metrics({"a": 1.0}) == {"a": 1.0}
    with pytest.raises(DivergedError, match="b is inf"):
        finite_metrics({"a": 1.0, "b": torch.inf})


@dataclass(frozen=True)
class _Faulty:
    """A diagnostic with one fault."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"mean_logit": (-9.0, 9.0)}
    fault: str

    def covers(self, architecture: Architecture) -> bool:
        return True

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        model = context.model
        if self.fault != "trains":
            model.eval()
        if self.fault == "hooks":
            model.register_forward_hook(lambda *_: None)
        if self.fault == "draws":
            torch.rand(1)
        rows = slice(0, context.batch_size) if self.fault == "first batch" else slice(None)
        logits = model(context.images[rows]).detach()
        value = logits.mean().item() + (20 if self.fault == "bounds" else 0)
        return {"logit" if self.fault == "name" else "mean_logit": value}


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("trains", "test_model_images_and_generator_are_left_as_found"),
        ("first batch", "test_batch_size_and_order_change_nothing"),
        ("mode", "test_model_images_and_generator_are_left_as_found"),
        ("hooks", "test_model_images_and_generator_are_left_as_found"),
        ("draws", "test_model_images_and_generator_are_left_as_found"),
        ("bounds", "test_metrics_are_finite_and_within_their_bounds"),
        ("name", "test_metrics_are_finite_and_within_their_bounds"),
        ("nan", "test_a_network_of_nans_gives_no_number_that_is_not_one"),
    ],
)
def test_faults_are_found(fault: str, test: str) -> None:
    class Faulty(DiagnosticConformance):
        def diagnostic(self) -> Diagnostic:
            return _Faulty(fault)

    with pytest.raises(AssertionError):
        getattr(Faulty(), test)()
