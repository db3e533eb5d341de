"""Fake defences are each flagged, honest networks are not."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.named import named_attack
from rnas.evaluation._attack_run import PlannedAttack, run_attacks
from rnas.evaluation._evaluation_state import EvaluationState
from rnas.evaluation._observed_network import ObservedNetwork
from rnas.evaluation._probe import Probe
from rnas.evaluation.evaluation_result import Flag
from rnas.evaluation.flags import CHECKS, beyond_gradients, checked, found_by_attacks, gap
from rnas.evaluation.threats import parse_threat
from tests.rnas.evaluation.digits_networks import EPSILON, SPLITS, images_of_test, plain_network, trained


def found(model: nn.Module, images: int = 100, norm: Norm = "linf", epsilon: Fraction = EPSILON) -> Sequence[Flag]:
    split = images_of_test(images)
    return checked(
        Probe(ObservedNetwork(model), split.images(slice(None)), split.labels, split.ids, norm, epsilon, 0, 64)
    )


def names(flags: Sequence[Flag]) -> set[str]:
    return {flag.name for flag in flags}


class Around(nn.Module):
    """A network with something done to its images before and to its logits after it."""

    def __init__(
        self,
        model: nn.Module,
        before: Callable[[Tensor], Tensor] = lambda images: images,
        after: Callable[[Tensor], Tensor] = lambda logits: logits,
    ) -> None:
        super().__init__()
        self.model, self.before, self.after = model, before, after

    def forward(self, images: Tensor) -> Tensor:
        return self.after(self.model(self.before(images)))


class Optimizing(nn.Module):
    """Moves each image to where the network is surer of itself before it classifies it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        with torch.enable_grad():
            points = images.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.model(points).logsumexp(1).sum(), points)
        return self.model((images + 0.02 * gradient.sign()).clamp(0, 1))


class Thresholding(nn.Module):
    """MeanSparse (Amini et al., 2024): features near their channel's mean become the mean."""

    def __init__(self, features: Tensor, share: float) -> None:
        super().__init__()
        self.mean = features.mean((0, 2, 3), keepdim=True)
        self.width = share * features.std((0, 2, 3), keepdim=True)

    def forward(self, features: Tensor) -> Tensor:
        return torch.where((features - self.mean).abs() <= self.width, self.mean, features)


def mean_sparse(model: nn.Module, share: float) -> nn.Module:
    layers: list[nn.Module] = []
    features = SPLITS["train"].images(slice(None))
    with torch.no_grad():
        for layer in model.children():
            features = layer(features)
            layers.append(layer)
            if isinstance(layer, nn.Conv2d):
                layers.append(Thresholding(features, share))
                features = layers[-1](features)
    return nn.Sequential(*layers).eval()


def nan_where_bright(images: Tensor) -> Tensor:
    return torch.where(images.mean((1, 2, 3), keepdim=True) > 0.32, torch.nan, images)


@pytest.mark.slow
@pytest.mark.parametrize("images", [1, 200])
def test_honest_networks_are_not_flagged(
    robust_network: nn.Module, robust_residual_network: nn.Module, standard_network: nn.Module, images: int
) -> None:
    for model in (robust_network, robust_residual_network, standard_network):
        assert found(model, images) == []


@pytest.mark.parametrize(("norm", "epsilon"), [("l2", Fraction(1, 2)), ("l1", Fraction(2))])
def test_nor_in_other_norms(robust_residual_network: nn.Module, norm: Norm, epsilon: Fraction) -> None:
    assert found(robust_residual_network, norm=norm, epsilon=epsilon) == []


@pytest.mark.slow
def test_nor_are_networks_that_have_learned_little() -> None:
    torch.manual_seed(0)
    # Without training it gives one answer to everything, and nothing else is wrong with it.
    assert names(found(plain_network().eval())) <= {"constant-prediction"}
    for epochs, steps in ((1, 0), (1, 3), (3, 3)):
        assert found(trained(plain_network, epochs, epochs, steps)) == []


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (
            lambda model: Around(model, after=lambda logits: 100 * logits),
            {"zero-gradient-cross-entropy", "logit-scale"},
        ),
        (lambda model: Around(model, after=lambda logits: 1e-8 * logits), {"logit-scale"}),
        (lambda model: Around(model, before=lambda x: x - 0.5 * x.mean(0, keepdim=True)), {"batch-dependence"}),
        (lambda model: Around(model, before=lambda x: x + 0.1 * torch.randn_like(x)), {"randomized"}),
        (
            lambda model: Around(model, before=lambda x: (x * 4).round() / 4),
            {"zero-gradient-cross-entropy", "zero-gradient-margin", "finite-differences", "black-box", "large-radius"},
        ),
        (
            lambda model: Around(model, before=lambda x: ((x * 4).round() / 4).detach()),
            {"zero-gradient-cross-entropy", "zero-gradient-margin", "finite-differences", "black-box", "large-radius"},
        ),
        (lambda model: Around(model, after=lambda logits: logits.softmax(1)), {"probabilities"}),
        (lambda model: Around(model, before=nan_where_bright), {"non-finite-logits"}),
        (lambda model: Around(model, after=lambda logits: logits * torch.nan), {"non-finite-logits"}),
        (lambda model: Around(model, after=lambda logits: torch.ones_like(logits).cumsum(1)), {"constant-prediction"}),
        (Optimizing, {"hidden-optimization"}),
        (lambda model: mean_sparse(model, 0.1), {"finite-differences"}),
        (lambda model: mean_sparse(model, 0.5), {"finite-differences"}),
    ],
    ids=[
        "logits times 100",
        "logits times 1e-8",
        "less the mean of the batch",
        "noise on the images",
        "rounded images",
        "rounded images, no gradient at all",
        "softmax",
        "NaN where bright",
        "NaN everywhere",
        "one answer",
        "optimization",
        "slight thresholds",
        "wide thresholds",
    ],
)
def test_a_fake_defence_is_flagged(
    robust_network: nn.Module, plant: Callable[[nn.Module], nn.Module], expected: set[str]
) -> None:
    torch.manual_seed(0)
    flags = found(plant(robust_network))
    assert expected <= names(flags)
    assert names(flags) <= CHECKS.keys()
    for flag in flags:
        assert flag.value > flag.threshold
        assert flag.explanation.endswith(".")


def test_the_softmax_is_the_only_thing_wrong_with_it(robust_network: nn.Module) -> None:
    assert names(found(Around(robust_network, after=lambda logits: logits.softmax(1)))) == {"probabilities"}


def test_a_gap_has_to_be_beyond_chance() -> None:
    withstand = torch.ones(100, dtype=torch.bool)
    assert gap(withstand, torch.arange(100) >= 9) is None
    flag = gap(withstand, torch.arange(100) >= 12)
    assert flag is not None
    assert flag.name == "attack-gap"
    assert "another 12%" in flag.explanation
    # The same share of more images says more.
    assert gap(withstand.repeat(100), torch.arange(10_000) >= 550) is not None


@pytest.mark.slow
def test_the_attacks_of_an_evaluation_tell_on_all_images(robust_network: nn.Module) -> None:
    threat = parse_threat("linf:3/20")

    def flags(model: nn.Module, *names: str) -> set[str]:
        ours = Ensemble(
            "ours", tuple((name, named_attack(name, EPSILON)) for name in ("apgd-ce", "apgd-t1", "square300"))
        )
        plan = [PlannedAttack(name, threat, named_attack(name, EPSILON)) for name in names]
        plan.append(PlannedAttack("ours", threat, ours))
        run = run_attacks(model, images_of_test(200), plan, 10, 0, 100, EvaluationState({}))
        return {flag.name for flag in found_by_attacks(run)}

    both = ("pgd20", "pgd20-margin")
    assert flags(robust_network, *both) == set()
    assert flags(Around(robust_network, before=lambda x: (x * 4).round() / 4), *both) == {"black-box", "attack-gap"}
    # PGD on one loss alone says little.
    assert flags(Around(robust_network, before=lambda x: (x * 4).round() / 4), "pgd20") == {"black-box"}
    assert flags(mean_sparse(robust_network, 0.5), *both) == {"attack-gap"}


def test_one_lucky_image_is_no_masked_gradient() -> None:
    assert beyond_gradients(torch.arange(100) < 1) is None
    assert beyond_gradients(torch.arange(100) < 2) is not None
    assert beyond_gradients(torch.arange(10_000) < 20) is None
    assert beyond_gradients(torch.arange(10_000) < 40) is not None
