"""DARTS, AdvRush and RACL: what each adds, against values computed by hand, and that each ends with a cell."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import rnas
from baselines.advrush_search import AdvRush, curvature
from baselines.darts_search import Darts
from baselines.racl_search import LogNormal, Racl, lipschitz_constant, network_constant
from rnas import registry
from rnas.experiments import resolve
from rnas.experiments.cell_search import CellSearchMethod, HeldBatch
from rnas.networks import architecture as arch
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.modules._cell_operations import FactorizedReduce, ReLUConvBN, SeparableConv, Zero, avg_pool, max_pool
from rnas.networks.modules._mixed_cells import MixedNetwork, mixed_network
from rnas.training.schedules._progress import Progress
from search_spaces.darts import DartsSpace

TINY: dict[str, Any] = {
    "data": "digits",
    "images": {"train": 32, "val": 40, "test": 40},
    "epochs": 2,
    "batch_size": 16,
    "channels": 2,
    "derived_layers": 4,
    "derived_channels": 4,
    "device": "cpu",
}


class Slope(nn.Module):
    """Logits (s x, 0) of an image of one pixel x."""

    def __init__(self, s: Tensor) -> None:
        super().__init__()
        self._s = s

    def forward(self, images: Tensor) -> Tensor:
        x = images.flatten(1).sum(1)
        return torch.stack([self._s * x, torch.zeros_like(x)], dim=1)


def test_the_curvature_is_that_computed_by_hand() -> None:
    s, step = 3.0, 0.25
    network = Slope(torch.tensor(s, dtype=torch.float64))
    pixels = [0.2, 0.7, 0.5]
    images = torch.tensor(pixels, dtype=torch.float64).reshape(-1, 1, 1, 1)
    labels = torch.tensor([0, 1, 0])

    def gradient(x: float, label: int) -> float:
        p = 1 / (1 + math.exp(-s * x))
        return s * (p - (label == 0))

    expected = []
    for x, label in zip(pixels, labels.tolist(), strict=True):
        here = gradient(x, label)
        expected.append(abs(gradient(x + math.copysign(step, here), label) - here))
    found = curvature(network, images, labels, step)
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_the_step_has_its_length_in_the_norm_of_the_whole_image() -> None:
    # Of logits (|x|^2 / 2, 0) the gradient is p x with p near 1 far away: over a step z it changes by about z.
    class Bowl(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            half = images.flatten(1).square().sum(1) / 2
            return torch.stack([half, torch.zeros_like(half)], dim=1)

    images = torch.full((1, 3, 4, 4), 2.0, dtype=torch.float64)
    assert curvature(Bowl(), images, torch.tensor([1]), 0.5).item() == pytest.approx(0.5, rel=1e-6)


def test_without_a_gradient_there_is_no_curvature() -> None:
    s = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    found = curvature(Slope(s), torch.rand(2, 1, 1, 1, dtype=torch.float64), torch.tensor([0, 1]), 0.5)
    assert found.tolist() == [0, 0]
    (gradient,) = torch.autograd.grad(found.sum(), s)
    assert gradient.isfinite()


def double_network() -> MixedNetwork:
    torch.manual_seed(0)
    return mixed_network(Darts.operations, 4, 2, 3, (1, 8, 8)).double().eval()


def held(method: CellSearchMethod, network: MixedNetwork, step: int = 0) -> HeldBatch:
    generator = torch.Generator().manual_seed(1)
    parameters = {
        name: tensor.detach().double().requires_grad_(tensor.requires_grad)
        for name, tensor in method.begin(network, generator).items()
    }
    images = torch.rand(3, 1, 8, 8, dtype=torch.float64, generator=generator)
    return HeldBatch(network, parameters, images, torch.tensor([0, 1, 2]), Progress(step, 6, 3), seed=4)


def fitted(batch: HeldBatch) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in batch.parameters.items() if tensor.requires_grad}


@pytest.mark.parametrize(
    ("method", "term"),
    [
        (AdvRush(spread=0.3, weight=1.0, warmup=Fraction(0)), "curvature"),
        (Racl(spread=0.3, bound=0.1, penalty=1.0), "constraint"),
        (Racl(spread=0.3, bound=0.1, penalty=1.0), "cross_entropy"),
    ],
)
def test_terms_have_the_gradient_of_differences(method: CellSearchMethod, term: str) -> None:
    batch = held(method, double_network())
    tables = fitted(batch)
    found = torch.autograd.grad(method.terms(batch)[term], [*tables.values()], allow_unused=True)
    generator = torch.Generator().manual_seed(6)
    for _ in range(1):
        directions = [torch.randn(table.shape, generator=generator, dtype=torch.float64) for table in tables.values()]
        slope = sum(
            (gradient * direction).sum().item()
            for gradient, direction in zip(found, directions, strict=True)
            if gradient is not None
        )
        values = []
        for move in (1e-5, -2e-5):
            with torch.no_grad():
                for table, direction in zip(tables.values(), directions, strict=True):
                    table.add_(direction, alpha=move)
            values.append(method.terms(batch)[term].item())
        with torch.no_grad():
            for table, direction in zip(tables.values(), directions, strict=True):
                table.add_(direction, alpha=1e-5)
        assert slope != 0
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(slope, rel=1e-4)


def test_the_curvature_counts_after_the_warm_up_alone() -> None:
    network, method = double_network(), AdvRush(spread=0.3, warmup=Fraction(1, 3))
    assert method.terms(held(method, network, step=1))["curvature"] == 0
    terms = method.terms(held(method, network, step=2))
    assert terms["curvature"] > 0
    assert AdvRush(weight=0.0).terms(held(method, network, step=5))["curvature"] == 0


def test_the_released_code_fits_one_batch_and_leaks_a_gradient() -> None:
    network = double_network()
    paper = AdvRush(spread=0.3, warmup=Fraction(0))
    released = AdvRush(spread=0.3, warmup=Fraction(0), released=True)
    assert (paper.divides, released.divides) == (True, False)
    batch = held(paper, network)
    tables = [*fitted(batch).values()]
    one, other = paper.terms(batch)["curvature"], released.terms(batch)["curvature"]
    assert one.item() == other.item()
    with network.mixing(*paper.strengths(batch.parameters)):
        leak = F.cross_entropy(network(batch.images), batch.targets, reduction="sum")
    sides = (torch.autograd.grad(loss, tables) for loss in (one, other, leak))
    for own, with_leak, leaked in zip(*sides, strict=True):
        torch.testing.assert_close(with_leak, own + leaked)


def test_sums_of_log_normal_variables_have_their_means_and_variances() -> None:
    location, deviation = torch.tensor([0.3, -1.0, 0.5], dtype=torch.float64), torch.tensor([0.4, 0.2, 0.9]).double()
    total = LogNormal.of(location, deviation).sum()
    means = [math.exp(m + s * s / 2) for m, s in zip(location.tolist(), deviation.tolist(), strict=True)]
    variances = [mean**2 * math.expm1(s * s) for mean, s in zip(means, deviation.tolist(), strict=True)]
    mean, variance = math.exp(total.log_mean.item()), math.expm1(total.variance.item())
    assert mean == pytest.approx(sum(means))
    assert mean**2 * variance == pytest.approx(sum(variances))
    assert total.location.item() == pytest.approx(math.log(mean) - total.variance.item() / 2)


def test_constants_of_operations_are_those_computed_by_hand() -> None:
    separable = SeparableConv(2, 1, 3, affine=False)
    with torch.no_grad():
        for layer, weight in zip(
            (module for module in separable.modules() if isinstance(module, nn.Conv2d)),
            (
                torch.tensor([3.0, 4.0] + [0.0] * 7 + [1.0] + [0.0] * 8).reshape(2, 1, 3, 3),
                torch.tensor([[2.0, 0.0], [0.0, -0.5]]).reshape(2, 2, 1, 1),
                torch.tensor([1.0] + [0.0] * 17).reshape(2, 1, 3, 3),
                torch.tensor([[1.0, 1.0], [1.0, 1.0]]).reshape(2, 2, 1, 1),
            ),
            strict=True,
        ):
            layer.weight.copy_(weight)
        normalizations = [module for module in separable.modules() if isinstance(module, nn.BatchNorm2d)]
        for normalization, variances in zip(normalizations, ((1.0, 0.25), (4.0, 16.0)), strict=True):
            normalization.eps = 0.0
            normalization.running_var.copy_(torch.tensor(variances))
    # A channel's kernel (3, 4) has norm 5; the factors of the normalisations are 1 / 0.5 and 1 / 2.
    assert lipschitz_constant(separable) == pytest.approx(5 * 2 * 2 * 1 * 2 / 2)
    reduce = FactorizedReduce(2, 2, affine=False)
    with torch.no_grad():
        reduce.bn.eps = 0.0
        reduce.conv_1.weight.copy_(torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1))
        reduce.conv_2.weight.copy_(torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1))
    assert lipschitz_constant(reduce) == pytest.approx(5)
    adapt = ReLUConvBN(2, 1, affine=False)
    with torch.no_grad():
        adapt.op[2].eps = 0.0
        adapt.op[1].weight.copy_(torch.tensor([0.6, 0.8]).reshape(1, 2, 1, 1))
    assert lipschitz_constant(adapt) == pytest.approx(1)
    assert [lipschitz_constant(max_pool(2, stride)) for stride in (1, 2)] == [3, 2]
    assert [lipschitz_constant(one) for one in (avg_pool(2, 1), nn.Identity(), Zero(1))] == [1, 1, 0]


def test_the_constant_of_a_network_is_that_computed_by_hand() -> None:
    """Three operations: none, one of constant 2 and one of constant 3, with weights 0.5, 0.25 and 0.25."""
    weights = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64).log().expand(len(EDGES), 3)
    own = LogNormal.of(weights, torch.zeros_like(weights))
    operations = torch.tensor([0.0, 2.0, 3.0], dtype=torch.float64).log().expand(2, len(EDGES), 3)
    inputs = torch.tensor([[1.0, 1.0], [2.0, 0.5]], dtype=torch.float64).log()
    edge = 0.25 * 2 + 0.25 * 3

    def cell(first: float, second: float) -> float:
        states = [first, second]
        for _ in range(4):
            states.append(edge * sum(states))
        return sum(states[2:])

    one = cell(1.0, 1.0)
    two = cell(2.0 * 1.0, 0.5 * one)
    found = network_constant([own, own], operations, inputs, [False, True])
    assert found.location.exp().item() == pytest.approx(two)
    assert found.variance.item() == pytest.approx(0)


def test_the_multiplier_rises_while_the_constant_is_above_its_bound() -> None:
    network = double_network()
    strict, loose = Racl(bound=1e-6), Racl(bound=1e6)
    for method, sign in ((strict, 1), (loose, 0)):
        batch = held(method, network)
        assert math.copysign(1, method.excess(batch).item()) == (1 if sign else -1)
        for _ in range(2):
            method.after_step(batch)
        expected = 2 * method.penalty * method.excess(batch).item() if sign else 0
        assert batch.parameters["multiplier"].item() == pytest.approx(expected)
        assert (method.terms(batch)["constraint"] > 0) == bool(sign)


def test_draws_are_log_normal_around_the_strengths() -> None:
    network, method = double_network(), Racl(spread=0.5, deviation=0.2)
    parameters = held(method, network).parameters
    strength = method.strengths(parameters)[0]
    logs = torch.stack(
        [method.mixture(parameters, torch.Generator().manual_seed(seed))[0].log() for seed in range(400)]
    )
    assert (logs.mean(0) - strength.log()).abs().max() < 0.05
    assert logs.std(0).mean().item() == pytest.approx(0.2, rel=0.02)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., rnas.CellSearchResult]:
    """A tiny search."""

    def run(name: str, method: Any, **given: Any) -> rnas.CellSearchResult:
        return rnas.search_cells(method, **{**TINY, **given}, output=tmp_path_factory.mktemp(name) / "search")

    return run


@pytest.mark.slow
def test_advrush_without_its_curvature_is_darts(found: Callable[..., rnas.CellSearchResult]) -> None:
    fast = {"learning_rate": 0.05}
    darts = found("darts", {"name": "darts", **fast})
    same = found("zero", {"name": "advrush", "weight": 0, "warmup": 0, **fast}, recipe=Darts.recipe)
    other = found("advrush", {"name": "advrush", "weight": 1.0, "warmup": 0, **fast}, recipe=Darts.recipe)
    assert same.strengths == darts.strengths
    assert same.genotype == darts.genotype
    assert other.strengths[0] == darts.strengths[0]
    assert other.strengths[-1] != darts.strengths[-1]
    assert other.cost.images_forward == 2 * darts.cost.images_forward


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [
        name
        for name in registry.names(registry.CELL_SEARCHES)
        if issubclass(registry.load(registry.CELL_SEARCHES, name), CellSearchMethod)
    ],
)
def test_every_method_by_gradient_ends_with_a_network_of_the_space(
    method: str, found: Callable[..., rnas.CellSearchResult], tmp_path: Path
) -> None:
    result = found(method, {"name": method, "learning_rate": 0.05}, epochs=1)
    assert result.status == "complete"
    space = registry.load(registry.SEARCH_SPACES, "darts")
    assert space is DartsSpace
    here = space(space.Settings(layers=4, channels=[4]), (1, 8, 8), 10)
    genome = here.encode(result.architecture)
    assert here.encode(here.decode(genome)).tolist() == genome.tolist()
    assert here.parse(result.to_dict()["genotype"]) == result.architecture
    page = (result.path / "report.html").read_text()
    assert "mean strength" in page
    assert result.source.partition(":")[0] in page
    text = (result.path / "architecture.json").read_text()
    assert arch.from_json(text) == result.architecture


@pytest.mark.slow
def test_the_derived_network_is_trained_on_all_images_of_the_search(
    found: Callable[..., rnas.CellSearchResult], tmp_path: Path
) -> None:
    result = found("trained", "darts", epochs=1)
    training = rnas.train(
        result.path,
        {"name": "sat", "inner_attack": {"steps": 1}},
        epochs=1,
        batch_size=16,
        images=64,
        attacks=["fgsm"],
        output=tmp_path / "training",
    )
    assert training.status == "complete"
    assert resolve(result.path).search_cost == result.cost
    assert training.settings.data == "digits"
    assert (training.settings.images.val, training.settings.images.test) == (40, 40)
    with pytest.raises(rnas.InputError, match=r"images that .* was chosen by"):
        rnas.train(result.path, "sat", images={"val": 10, "test": 300}, output=tmp_path / "seen")
