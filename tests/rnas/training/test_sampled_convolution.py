import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from rnas.training._sampled_convolution import SampledConvolution, sample_before_pointwise_convolutions


@pytest.mark.parametrize(("stride", "groups", "side"), [(2, 1, 8), (3, 2, 7), ((1, 2), 1, 5)])
def test_values_and_gradients_are_those_of_the_convolution(
    stride: int | tuple[int, int], groups: int, side: int
) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(4, 6, 1, stride=stride, groups=groups)).double()
    sampled = copy.deepcopy(plain)
    sample_before_pointwise_convolutions(sampled)
    assert type(sampled[0]) is SampledConvolution
    images = torch.randn(3, 4, side, side, dtype=torch.float64, requires_grad=True)
    outputs = [network(images) for network in (plain, sampled)]
    assert torch.allclose(*outputs)
    inputs = [torch.autograd.grad(output.square().sum(), images, retain_graph=True)[0] for output in outputs]
    assert torch.allclose(*inputs)
    for output in outputs:
        output.square().sum().backward()
    for one, other in zip(plain.parameters(), sampled.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad)


def test_all_others_stay() -> None:
    others = nn.Sequential(
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(16, 4, 1, stride=2),
        nn.Conv2d(4, 4, 3, stride=2),
        nn.Conv2d(4, 4, 1, stride=2, padding=1),
    )
    sample_before_pointwise_convolutions(others)
    assert all(type(module) is nn.Conv2d for module in others)


TRAINING = """
from fractions import Fraction
import torch
from rnas.data.dataset import Split
from rnas.networks.residual import ResidualNetwork
from rnas.data.fidelity import Fidelity
from rnas.training.plan import Plan
from rnas.training.recipes.sat import SAT
from rnas.training.trainer import Trainer

torch.set_num_threads(1)
split = Split(torch.randint(256, (16, 3, 32, 32), dtype=torch.uint8), torch.arange(16) % 10, torch.arange(16), 255)
network = ResidualNetwork(depths=(1, 1, 1), channels=(8, 16, 16), stem_width=8, upsample=2).build(10, (3, 32, 32))
plan = Plan(SAT, Fidelity(epochs=2, batch_size=16, attack_steps=1), Fraction(8, 255), 10)
print([point["loss"] for point in Trainer(network, split, plan, 0).epochs()])
"""


@pytest.mark.slow
def test_large_maps_of_few_channels_train() -> None:
    """In a process of its own: the fault of torch's library that this is about ends the process."""
    result = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
