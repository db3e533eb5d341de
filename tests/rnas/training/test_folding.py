from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Architecture
from rnas.networks.block import POST, Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network
from rnas.networks.densenet import DenseNet
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.nas_bench_201 import OPERATIONS, NASBench201Cell
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import RobNetwork
from rnas.networks.squeeze_excitation import PLACEMENTS
from rnas.networks.vgg import VGG
from rnas.training._folding import FoldedNetwork
from tests.rnas.training.digits import network

_TOPOLOGIES = ("basic", "bottleneck", "inverted-bottleneck", "no-residual")
_RESIDUAL = [
    *(Block(topology) for topology in _TOPOLOGIES),
    *(Block(topology, order=POST) for topology in _TOPOLOGIES),
    *(replace(ROBUST_RES_BLOCK, squeeze_excitation=placement) for placement in PLACEMENTS),
    *(replace(ROBUST_RES_BLOCK, order=POST, activation=activation) for activation in ACTIVATIONS),
    *(Block("bottleneck", normalization=normalization) for normalization in NORMALIZATIONS),
]
_ARCHITECTURES: list[Architecture] = [
    *(ResidualNetwork((2, 1), (16, 32), (block,), stem_width=8) for block in _RESIDUAL),
    ResidualNetwork((1, 1), (4, 8), upsample=2, normalize_input=True),
    DartsCellNetwork(layers=5, channels=(4, 8, 6), stem_channels=5),
    *(doubling_network(GENOTYPES[name], 4, 4) for name in ("advrush", "racl", "pdarts")),
    RobNetwork(("11" * 14,), layers=5, channels=4),
    NASBench201Cell((*OPERATIONS, "nor_conv_3x3"), channels=4, cells=1),
    VGG(((4, 4), (6,))),
    DenseNet((2, 1), (4, 6), 3),
    ResNet("basic", (1, 2), (4, 6)),
    ResNet("bottleneck", (1, 2), (4, 6)),
]


def trained(model: nn.Module) -> nn.Module:
    """The model in float64 with statistics and affine parameters as after a training."""
    generator = torch.Generator().manual_seed(0)
    model.double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in ((module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 2.0)):
                if tensor is not None:
                    tensor.uniform_(low, high, generator=generator)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5, generator)
                nn.init.uniform_(module.bias, -0.3, 0.3, generator)
    return model


def assert_same(folded: nn.Module, model: nn.Module, images: Tensor) -> None:
    """Both give the same logits and gradients by the images."""
    results = []
    for either in (folded, model.eval()):
        images = images.clone().requires_grad_()
        logits = either(images)
        (gradient,) = torch.autograd.grad(logits.square().sum(), images)
        results.append((logits, gradient))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11 * expected.abs().max().item())


@pytest.mark.parametrize("architecture", _ARCHITECTURES, ids=lambda architecture: type(architecture).__name__)
def test_folded_networks_are_the_networks(architecture: Architecture) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = trained(architecture.build(5, (3, 16, 16)))
        images = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    folded = FoldedNetwork(model, images[:1])
    assert_same(folded, model, images)
    normalizations = [sum(type(module) is nn.BatchNorm2d for module in either.modules()) for either in (model, folded)]
    assert normalizations[1] < normalizations[0] or normalizations == [0, 0]


@pytest.mark.parametrize(
    ("topology", "folded"), [("basic", 3), ("no-residual", 7), ("bottleneck", 3 * 2), ("robust-res-block", 3 * 8)]
)
def test_what_a_convolution_alone_feeds_is_folded(topology: str, folded: int) -> None:
    # Of a basic block with pre-activation the second normalisation; the first reads a sum. Without sums, all.
    block = ROBUST_RES_BLOCK if topology == "robust-res-block" else Block(topology)
    model = ResidualNetwork((2, 1), (16, 32), (block,)).build(5, (3, 16, 16))
    copy = FoldedNetwork(model, torch.rand(1, 3, 16, 16))
    before, after = (sum(isinstance(m, nn.BatchNorm2d) for m in either.modules()) for either in (model, copy))
    assert before - after == folded


def test_it_follows_the_network_under_training() -> None:
    model, images = trained(network()), torch.rand(8, 1, 8, 8, dtype=torch.float64)
    folded = FoldedNetwork(model, images[:1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        before = folded(images)
        model.train()
        torch.autograd.backward(model(images).square().mean())
        optimizer.step()
        folded.refresh()
        assert (folded(images) - before).abs().max() > 1e-3
        assert_same(folded, model, images)


def test_the_network_is_left_as_it_was() -> None:
    model = network()
    next(iter(model.parameters())).requires_grad_(False)
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flags = [parameter.requires_grad for parameter in model.parameters()]
    modes = [module.training for module in model.modules()]
    folded = FoldedNetwork(model, torch.rand(1, 1, 8, 8), torch.bfloat16)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert [module.training for module in model.modules()] == modes
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert not any(module.training for module in folded.network.modules())


def test_weights_are_held_in_what_autocast_would_round_them_to() -> None:
    model = network()
    model[7] = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64))
    folded = FoldedNetwork(model, torch.rand(1, 1, 8, 8), torch.bfloat16)
    dtypes = {name.removeprefix("network."): parameter.dtype for name, parameter in folded.named_parameters()}
    kept = {"7.1.weight", "7.1.bias"}
    assert dtypes == {
        name: torch.float32 if name in kept else torch.bfloat16
        for name in ("0.weight", "0.bias", "3.weight", "3.bias", *sorted(kept), "8.weight", "8.bias")
    }
    nn.init.ones_(model[8].bias)
    nn.init.constant_(model[1].bias, 2.0)
    folded.refresh()
    weights = dict(folded.named_parameters())
    assert (weights["network.8.bias"] == 1).all()
    assert (weights["network.0.bias"] == 2).all()
    images = torch.rand(16, 1, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = folded(images)
    torch.testing.assert_close(rounded.float(), model.eval()(images), rtol=0.05, atol=0.05)


class Twice(nn.Module):
    """A convolution and a normalisation, used in one of several ways."""

    def __init__(self, way: Callable[[nn.Module, nn.Module, Tensor], Tensor], norm: nn.Module) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = norm
        self.way = way

    def forward(self, images: Tensor) -> Tensor:
        return self.way(self.convolution, self.norm, images).mean((2, 3))


class Tripling(nn.BatchNorm2d):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return 3 * super().forward(input)


def _output_is_read_twice(convolution: nn.Module, norm: nn.Module, images: Tensor) -> Tensor:
    maps = convolution(images)
    return F.relu(norm(maps)) + maps.detach()


def _convolution_runs_twice(convolution: nn.Module, norm: nn.Module, images: Tensor) -> Tensor:
    return F.relu(norm(convolution(images))) + convolution(images)


def _normalization_runs_twice(convolution: nn.Module, norm: nn.Module, images: Tensor) -> Tensor:
    return norm(convolution(images)) + norm(images)


def _something_between(convolution: nn.Module, norm: nn.Module, images: Tensor) -> Tensor:
    return F.relu(norm(F.relu_(convolution(images))))


def _plain(convolution: nn.Module, norm: nn.Module, images: Tensor) -> Tensor:
    return F.relu(norm(convolution(images)))


@pytest.mark.parametrize(
    ("way", "norm", "folds"),
    [
        (_plain, nn.BatchNorm2d(3), True),
        (_plain, nn.BatchNorm2d(3, affine=False), True),
        (_plain, nn.BatchNorm2d(3, track_running_stats=False), False),
        (_plain, Tripling(3), False),
        (_output_is_read_twice, nn.BatchNorm2d(3), False),
        (_convolution_runs_twice, nn.BatchNorm2d(3), False),
        (_normalization_runs_twice, nn.BatchNorm2d(3), False),
        (_something_between, nn.BatchNorm2d(3), False),
    ],
)
def test_nothing_else_is_folded(
    way: Callable[[nn.Module, nn.Module, Tensor], Tensor], norm: nn.Module, folds: bool
) -> None:
    model = trained(Twice(way, norm))
    images = torch.rand(2, 3, 6, 6, dtype=torch.float64)
    folded = FoldedNetwork(model, images)
    assert isinstance(folded.network.norm, nn.Identity) == folds
    assert_same(folded, model, images)


class Aliased(Twice):
    """Runs its normalisation under the second of two names."""

    def __init__(self) -> None:
        super().__init__(_plain, nn.BatchNorm2d(3))
        self.alias = self.norm

    def forward(self, images: Tensor) -> Tensor:
        return self.way(self.convolution, self.alias, images).mean((2, 3))


def test_a_module_under_two_names_is_folded_under_both() -> None:
    model, images = trained(Aliased()), torch.rand(2, 3, 6, 6, dtype=torch.float64)
    folded = FoldedNetwork(model, images)
    assert isinstance(folded.network.norm, nn.Identity)
    assert_same(folded, model, images)
